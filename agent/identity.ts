import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../shared/errors'
import { entityId } from '../shared/schemas/common'
import { writeFileAtomically } from './write-file'

const FILE = 'identity.json'

const identity = z.object({ nodeId: entityId, secret: z.string().min(20), networkId: entityId.optional() })
/** Who this node is to its brain. The secret is known to nobody else: the brain keeps a hash. */
export type Identity = z.output<typeof identity>

/** null before the node joined. BAD_REQUEST for a file that is not one of ours: guessing would orphan the node's servers. */
export async function loadIdentity(dataDir: string): Promise<Identity | null> {
  const path = join(dataDir, FILE)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  try {
    return identity.parse(JSON.parse(text))
  } catch (error) {
    throw new AppError(
      'BAD_REQUEST',
      `${path} does not say who this node is. Put it back from a backup, or remove it and join the node anew with a join command.`,
      { cause: error },
    )
  }
}

/** For the agent's user alone. */
export function saveIdentity(dataDir: string, who: Identity): Promise<void> {
  return writeFileAtomically(join(dataDir, FILE), JSON.stringify(who), 0o600)
}
