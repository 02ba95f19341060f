import { createHash } from 'node:crypto'
import { mkdir, readFile, realpath, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { AppError } from '../shared/errors'
import { identify, isAlive, processIdentity } from './process-identity'
import type { ProcessIdentity } from './process-identity'
import { writeFileAtomically } from './write-file'

const FILE = 'agent.lock'

/**
 * Takes the data folder for this process, so that two agents never act on the same servers. CONFLICT, with the
 * holder's pid, when another one lives. A holder that was killed, or whose machine was restarted, does not count.
 * On Linux the kernel decides between two that start at the same moment.
 */
export async function lockDataFolder(dataDir: string): Promise<{ release: () => Promise<void> }> {
  await mkdir(dataDir, { recursive: true, mode: 0o755 })
  const path = join(dataDir, FILE)
  const own = identify(process.pid)
  if (!own)
    throw new AppError('INTERNAL', `The agent does not find its own process ${process.pid} in /proc; is /proc mounted?`)
  const holder = await readHolder(path)
  if (holder && holder.pid !== own.pid && isAlive(holder)) throw inUse(dataDir, holder)
  const letGo = process.platform === 'linux' ? await holdName(await realpath(dataDir)) : () => {}
  if (!letGo) throw inUse(dataDir, holder)
  await writeFileAtomically(path, JSON.stringify(own))
  return {
    release: async () => {
      await rm(path, { force: true })
      letGo()
    },
  }
}

/** A listener in Linux's abstract socket namespace: atomic, and gone with its process. undefined when the name is held. */
function holdName(dataDir: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    )
    server.listen(`\0strata-agent:${createHash('sha256').update(dataDir).digest('hex')}`, () =>
      resolve(() => server.close()),
    )
    server.unref()
  })
}

async function readHolder(path: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return 'null'
    throw error
  })
  return processIdentity.safeParse(parseJson(text)).data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // not ours, or of a version that wrote it otherwise: the kernel's lock decides
  }
}

function inUse(dataDir: string, holder: ProcessIdentity | undefined): AppError {
  return new AppError(
    'CONFLICT',
    `Another agent${holder ? ` (process ${holder.pid})` : ''} works on ${dataDir}. Stop it first, or give this one a folder of its own with STRATA_NODE_DATA_DIR.`,
  )
}
