import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeStaging } from '../cache/layer-folders'
import type { LayerFolders } from '../cache/layer-folders'
import { diskError } from '../disk-error'
import { overlayOptions } from './overlay-options'
import { findOverlayObstacle } from './overlay-support'
import type { OverlayTrial, Preparer } from './port'

const MARKER = 'marker'

/** Asks once what the agent can see by itself, once whoever mounts, and remembers both answers; see `Preparer.overlayObstacle`. */
export function createOverlayJudge(
  folders: LayerFolders,
  owner: { uid: number; gid: number } | null,
): Preparer['overlayObstacle'] {
  let own: Promise<string | null> | undefined
  let mounted: Promise<string | null> | undefined

  return async ask => {
    own ??= findOverlayObstacle(folders).catch((error: unknown) => {
      // Nothing was found out: the next one who asks tries again.
      own = undefined
      throw diskError(error, 'trying out overlay mounts')
    })
    const found = await own
    if (found) return found
    if (ask)
      mounted ??= withTrial(folders, owner, ask).catch((error: unknown) => {
        mounted = undefined
        throw diskError(error, 'trying out overlay mounts')
      })
    return (await mounted) ?? null
  }
}

async function withTrial(
  folders: LayerFolders,
  owner: { uid: number; gid: number } | null,
  ask: (trial: OverlayTrial) => Promise<string | null>,
): Promise<string | null> {
  const staging = makeStaging(folders)
  try {
    chmodSync(staging, 0o755)
    const [lower, upper, work] = ['lower', 'upper', 'work'].map(name => join(staging, name)) as [string, string, string]
    for (const folder of [lower, upper, work]) {
      mkdirSync(folder)
      if (owner) chownSync(folder, owner.uid, owner.gid)
    }
    writeFileSync(join(lower, MARKER), '')
    const o = overlayOptions({ lowers: [lower], upper, work })
    const name = `strata-trial-${Date.now().toString(36)}`
    return await ask({
      mount: { kind: 'volume', name, options: { type: 'overlay', device: 'overlay', o } },
      marker: MARKER,
    })
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}
