import type { ErrorCode } from '../../shared/errors'

/** What several routes refuse for the same reasons, for the `errors` of their definitions. */

/** Wishes about a server. */
export const WISH_REFUSALS = [
  'INSTANCE_DESTROYED',
  'INVALID_TRANSITION',
  'REVISION_CONFLICT',
] as const satisfies ErrorCode[]

/** Layers that are looked up and merged. */
export const STACK_REFUSALS = [
  'UNKNOWN_LAYER',
  'VARIABLES_MISSING',
  'VARIABLE_INVALID',
  'RUNTIME_INCOMPLETE',
  'REQUIRED_FILE_MISSING',
] as const satisfies ErrorCode[]

/** Archives that are judged. */
export const ARCHIVE_REFUSALS = [
  'PATH_ESCAPE',
  'PATH_INVALID',
  'PATH_TOO_LONG',
  'LINK_ESCAPE',
  'ENTRY_TYPE',
  'TOO_BIG',
  'TOO_MANY_ENTRIES',
  'HEADER_INVALID',
  'ARCHIVE_CORRUPT',
  'METADATA_INVALID',
  'TYPE_MISSING',
] as const satisfies ErrorCode[]

/** Objects that are read or written. */
export const STORE_REFUSALS = ['STORE_UNAVAILABLE', 'STORE_REFUSED', 'STORE_CORRUPT'] as const satisfies ErrorCode[]

/** What a node is asked, and its engine. */
export const NODE_REFUSALS = ['NODE_UNREACHABLE', 'ENGINE_UNAVAILABLE', 'ENGINE_ERROR'] as const satisfies ErrorCode[]
