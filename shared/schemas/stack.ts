import { z } from 'zod'
import { sha256, variableName, variables } from './common'
import { layerRequests, lockedLayer, placement } from './instance'
import { runtimeSection } from './runtime'
import { variableScope } from './scope-variable'

/** `POST /stacks/preview`: what a stack would become, before anything is created. Layers are named by position, 0 is the first. */
export const previewBody = z.strictObject({
  layers: layerRequests,
  variables: variables.optional(),
  /** Where the server would be: what reaches it there counts as given. The network's variables always do. */
  placement: placement.optional(),
})
export type PreviewBody = z.output<typeof previewBody>

const position = z.int().nonnegative()

/** One path after the merge. */
export const previewEntry = z.object({
  path: z.string(),
  type: z.enum(['file', 'dir', 'symlink']),
  /** 0 for directories and links. */
  sizeBytes: z.number(),
  /** Null for directories and links. */
  sha256: sha256.nullable(),
  /** Where a link points; null for everything else. */
  target: z.string().nullable(),
  /** The layer whose bytes win. */
  layer: position,
  /** Lower layers that have the same path and lose it, nearest first; directories have none. */
  overrides: z.array(position),
  /** Variables are filled in here. */
  filledIn: z.boolean(),
})
export type PreviewEntry = z.output<typeof previewEntry>

/** A variable of the stack: declared by a layer, or built in and used. */
export const previewVariable = z.object({
  name: variableName,
  builtIn: z.boolean(),
  /** The last layer that declares it; null for built-in ones. */
  declaredBy: position.nullable(),
  description: z.string().nullable(),
  /** Null: none. Never told for a secret. */
  default: z.string().nullable(),
  required: z.boolean(),
  secret: z.boolean(),
  pattern: z.string().nullable(),
  /** What reaches the server where it would be; null: nothing. */
  inherited: z.object({ scope: variableScope, id: z.string(), value: z.string() }).nullable(),
  /** True when it is required and has neither a value nor a default. */
  missing: z.boolean(),
  /** Paths of the merged files in which it is filled in, and `runtime` keys such as `runtime.command[2]`. */
  occurrences: z.array(z.string()),
})
export type PreviewVariable = z.output<typeof previewVariable>

export const stackPreview = z.object({
  layers: z.array(lockedLayer.extend({ sizeBytes: z.int(), files: z.int() })),
  entries: z.array(previewEntry),
  /** Paths that a `remove` took away, or that a file in place of a directory (or the reverse) hid. */
  removed: z.array(z.object({ path: z.string(), layer: position, by: position })),
  variables: z.array(previewVariable),
  /** `${NAME}` that nobody declares: stays as it is. */
  unknownPlaceholders: z.array(z.object({ name: z.string(), occurrences: z.array(z.string()) })),
  /** What is worth knowing or wrong, in words; `code` of shared/errors.ts where there is one. */
  conflicts: z.array(
    z.object({ code: z.string(), path: z.string().nullable(), message: z.string(), blocking: z.boolean() }),
  ),
  runtime: runtimeSection,
  totalBytes: z.number(),
})
export type StackPreview = z.output<typeof stackPreview>
