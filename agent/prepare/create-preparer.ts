import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checkRequired } from '../../core/stack/check-required'
import { mergeStack } from '../../core/stack/merge-stack'
import { planStack } from '../../core/stack/plan-stack'
import { fillIn } from '../../core/variables/placeholders'
import { AppError, isAppError } from '../../shared/errors'
import type { InstanceSpec } from '../../shared/protocol/agent'
import { createLayerCache } from '../cache/layer-cache'
import type { HeldLayer } from '../cache/layer-cache'
import { makeStaging, openLayerFolders } from '../cache/layer-folders'
import { diskError } from '../disk-error'
import { failpoint } from '../failpoint'
import { layOutCopy } from './copy-layout'
import { holdLayers } from './hold-layers'
import type { LaidEntry } from './laid-entry'
import { layOutOverlay } from './overlay-layout'
import { createOverlayJudge } from './overlay-judge'
import type { CreatePreparer, Prepared, PrepareOptions, Preparer } from './port'
import { openStacks } from './stacks'

/** Opens layers and stacks below the node's data folder; see `port.ts` for what each method promises. */
export const createPreparer: CreatePreparer = async context => {
  const owner = process.getuid?.() === 0 ? context.owner : null
  const folders = await openLayerFolders(context.dataDir)
  const stacks = await openStacks(context.dataDir, folders)
  const cache = await createLayerCache({
    folders,
    owner,
    layerUrl: context.layerUrl,
    inUse: stacks.layersInUse,
    limitBytes: context.cacheLimitBytes,
    log: context.log,
  })
  const overlayObstacle = createOverlayJudge(folders, owner)

  async function prepare(spec: InstanceSpec, options: PrepareOptions): Promise<Prepared> {
    refuseOtherLayout(spec, options)
    const { layers, release } = await holdLayers(cache, spec, options)
    const staging = makeStaging(folders)
    try {
      options.signal.throwIfAborted()
      await stacks.remember(spec.id, {
        layout: options.layout,
        held: true,
        layers: spec.layers.map(layer => layer.sha256),
      })
      if (!spec.persistent) await stacks.clearOwnFiles(spec.id)
      await failpoint('prepare.afterClear')
      await failpoint('prepare.beforeLayout')
      return await layOut(spec, layers, options, staging)
    } finally {
      release()
      await rm(staging, { recursive: true, force: true })
    }
  }

  /** On a full disk layers that nobody uses go, and it is tried once more: they can be fetched again, a server cannot wait for a person. */
  async function prepareWithRoom(spec: InstanceSpec, options: PrepareOptions): Promise<Prepared> {
    try {
      return await prepare(spec, options)
    } catch (error) {
      const known = diskError(error, `preparing ${spec.name}`)
      const isFull = isAppError(known) && known.code === 'DISK_FULL'
      if (!isFull || options.signal.aborted) throw error
      const freed = await cache.makeRoom(new Set(spec.layers.map(layer => layer.sha256)))
      if (freed === 0) throw error
      context.warn(
        `The disk was full while preparing ${spec.name}; layers that no server uses were removed (${freed} bytes)`,
      )
      return prepare(spec, options)
    }
  }

  /** Own files lie otherwise in the other layout: going on would start the server without its world. */
  function refuseOtherLayout(spec: InstanceSpec, options: PrepareOptions): void {
    const known = stacks.find(spec.id)
    if (!known || known.layout === options.layout || !spec.persistent) return
    throw new AppError(
      'LAYOUT_FAILED',
      `The own files of this server are kept for the layout "${known.layout}", but the node now lays servers out by "${options.layout}". Nothing was changed. Set STRATA_LAYOUT=${known.layout} on the node (and its runtime back), or make the server anew.`,
    )
  }

  async function layOut(
    spec: InstanceSpec,
    held: readonly HeldLayer[],
    options: PrepareOptions,
    staging: string,
  ): Promise<Prepared> {
    const stack = spec.layers.map((layer, at) => ({
      template: layer.template,
      version: layer.version,
      type: layer.type,
      index: held[at]!.index,
    }))
    const merged = mergeStack(stack)
    checkRequired(merged, stack)
    const values = new Map(Object.entries(spec.variables))
    const plan = planStack(merged, { values })
    options.onProgress({ step: 'render', doneBytes: 0, totalBytes: null })
    const filled = new Map(
      plan.fills.map(({ path, layer }) => [path, fillIn(readFileSync(join(held[layer]!.root, path)), values)]),
    )
    const folder = stacks.folderOf(spec.id)
    await failpoint('prepare.beforeRename')

    if (options.layout === 'overlay') {
      const files = plan.fills.map(({ path, mode }) => ({ path, mode, content: filled.get(path)! }))
      const o = await layOutOverlay(
        { files, whiteouts: plan.whiteouts },
        {
          folders,
          instanceFolder: folder,
          staging,
          layerRoots: held.map(layer => layer.root),
          planHash: plan.planHash,
          owner,
        },
      )
      return {
        planHash: plan.planHash,
        layout: 'overlay',
        mount: {
          kind: 'volume',
          name: `strata-${spec.id}-${plan.planHash.slice(0, 12)}`,
          options: { type: 'overlay', device: 'overlay', o },
        },
        notices: [],
      }
    }
    const entries = merged.entries.map((entry): LaidEntry => {
      if (entry.type !== 'file') return entry
      const content = filled.get(entry.path)
      const source = content ?? join(held[entry.layer]!.root, entry.path)
      const key = content ? createHash('sha256').update(content).digest('hex') : entry.sha256
      return { type: 'file', path: entry.path, mode: entry.mode, key, source }
    })
    await layOutCopy(entries, {
      root: join(folder, 'files'),
      baselineFile: join(folder, 'baseline.json'),
      staging,
      owner,
    })
    return {
      planHash: plan.planHash,
      layout: 'copy',
      mount: { kind: 'directory', path: join(folder, 'files') },
      notices: [],
    }
  }

  const preparer: Preparer = {
    overlayObstacle,
    prepare: (spec, _generation, options) =>
      prepareWithRoom(spec, options).catch((error: unknown) => {
        const known = diskError(error, `preparing ${spec.name}`)
        if (isAppError(known) || options.signal.aborted) throw known
        throw new AppError(
          'PREPARE_FAILED',
          `The server could not be laid out: ${error instanceof Error ? error.message : String(error)}. Its own files are as they were; look at the agent's log, then start it again.`,
          { cause: error },
        )
      }),
    release: stacks.release,
    discard: stacks.discard,
    ownFiles(instanceId) {
      const layout = stacks.find(instanceId)?.layout
      if (!layout) return null
      const folder = stacks.folderOf(instanceId)
      return layout === 'overlay'
        ? { root: join(folder, 'upper'), baselineFile: null }
        : { root: join(folder, 'files'), baselineFile: join(folder, 'baseline.json') }
    },
    async reconcile({ known, held }) {
      const named = new Set([...known, ...held])
      for (const id of await stacks.folderNames()) if (named.has(id) && !held.includes(id)) await stacks.release(id)
      return { unknown: (await stacks.folderNames()).filter(id => !named.has(id)) }
    },
  }
  return { preparer, cache }
}
