import { mkdirSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { entityId, sha256 } from '../../shared/schemas/common'
import { layoutKind } from '../../shared/schemas/node'
import { discardFolder } from '../cache/layer-folders'
import { isFullDisk } from '../disk-error'
import type { LayerFolders } from '../cache/layer-folders'
import { writeFileAtomically } from '../write-file'

/** What an instance is laid out from; `held` while its layers must stay (it is prepared or may run). */
const stack = z.object({ layout: layoutKind, held: z.boolean(), layers: z.array(sha256) })
export type Stack = z.output<typeof stack>

/**
 * The folders `stacks/<instance>/` of a node with a small record each. The records are on disk, so that after a crash of
 * the agent a layer under a running server still counts as used before anybody says so.
 */
export async function openStacks(dataDir: string, folders: LayerFolders) {
  const root = join(dataDir, 'stacks')
  mkdirSync(root, { recursive: true, mode: 0o711 })
  const stacks = new Map<string, Stack>()
  for (const id of await folderNames()) {
    const record = await readRecord(id)
    if (record) stacks.set(id, record)
  }

  const folderOf = (id: string) => join(root, entityId.parse(id))

  async function folderNames(): Promise<string[]> {
    return (await readdir(root)).filter(name => entityId.safeParse(name).success)
  }

  async function readRecord(id: string): Promise<Stack | undefined> {
    try {
      return stack.parse(JSON.parse(await readFile(join(root, id, 'stack.json'), 'utf8')))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Remembers, durably, what an instance stands on. Called before anything is laid out from it. */
  async function remember(id: string, record: Stack): Promise<void> {
    mkdirSync(folderOf(id), { recursive: true, mode: 0o711 })
    await writeFileAtomically(join(folderOf(id), 'stack.json'), JSON.stringify(record))
    stacks.set(id, record)
  }

  return {
    folderOf,
    folderNames,
    remember,
    find: (id: string) => stacks.get(id),
    /** Lets the layers of an instance go; its own files stay. */
    async release(id: string): Promise<void> {
      const known = stacks.get(id)
      if (!known?.held) return
      const released = { ...known, held: false }
      // At once, in memory: on a full disk the layers must be free to go, or nothing would ever make room. The next agent does it again.
      stacks.set(id, released)
      await remember(id, released).catch((error: unknown) => {
        if (!isFullDisk(error)) throw error
      })
    },
    /** Removes the folder of an instance, own files included. */
    async discard(id: string): Promise<void> {
      await discardFolder(folders, folderOf(id))
      stacks.delete(id)
    },
    /** Forgets own files: an instance that is not persistent starts from clean ones. */
    async clearOwnFiles(id: string): Promise<void> {
      for (const name of ['upper', 'work', 'files']) await discardFolder(folders, join(folderOf(id), name))
      await rm(join(folderOf(id), 'baseline.json'), { force: true })
    },
    /** sha256 of every layer that a held instance stands on → those instances. */
    layersInUse(): ReadonlyMap<string, readonly string[]> {
      const users = new Map<string, string[]>()
      for (const [id, { held, layers }] of stacks) {
        if (held) for (const layer of new Set(layers)) users.set(layer, [...(users.get(layer) ?? []), id])
      }
      return users
    },
  }
}
