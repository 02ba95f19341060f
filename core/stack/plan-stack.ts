import { createHash } from 'node:crypto'
import { FILLED_EXTENSIONS, fillableEntries } from './fills'
import type { MergedStack } from './merge-stack'
import { neededWhiteouts } from './whiteouts'

/** Grows when the same layers and values are laid out in another way than before. */
const PLAN_VERSION = 1

/** A file to be filled in before it is laid out. */
export interface PlannedFill {
  path: string
  /** Number of the layer whose file it is. */
  layer: number
  /** 0o644 or 0o755. */
  mode: number
  sizeBytes: number
  /** The known names in it. */
  placeholders: string[]
}

/** How a merged stack is laid out. */
export interface StackPlan {
  fills: PlannedFill[]
  /** For an overlay: what must not show of the layers below; see `neededWhiteouts`. */
  whiteouts: string[]
  /** Equal for equal layers, rules and values that are filled in: then the result is equal byte for byte. */
  planHash: string
}

/** Makes the plan from indexes alone; nothing is read from a disk. `values` are all that may be filled in. */
export function planStack(merged: MergedStack, context: { values: ReadonlyMap<string, string> }): StackPlan {
  const fills = fillableEntries(merged).flatMap(({ path, layer, mode, sizeBytes, placeholders }): PlannedFill[] => {
    const known = placeholders.filter(name => context.values.has(name))
    return known.length > 0 ? [{ path, layer, mode, sizeBytes, placeholders: known }] : []
  })
  return { fills, whiteouts: neededWhiteouts(merged), planHash: planHash(merged, fills, context.values) }
}

/** Metadata is part of a layer's bytes, so `remove` and `substitute` are in its sha256. */
function planHash(merged: MergedStack, fills: readonly PlannedFill[], values: ReadonlyMap<string, string>): string {
  const used = [...new Set(fills.flatMap(({ placeholders }) => placeholders))].sort()
  const canonical = JSON.stringify({
    version: PLAN_VERSION,
    extensions: FILLED_EXTENSIONS,
    layers: merged.layers.map(({ index }) => index.sha256),
    values: used.map(name => [name, values.get(name)]),
  })
  return createHash('sha256').update(canonical).digest('hex')
}
