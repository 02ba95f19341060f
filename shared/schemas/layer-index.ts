import { z } from 'zod'
import { manifest } from './manifest'
import { sha256 } from './common'

/**
 * What an archive holds, made once while it is read: later work is done from here, never by walking files.
 * `placeholders` are the names found as `${NAME}` in a text file of at most 4 MiB, whether or not they will be
 * filled in; a file without any has no such key.
 */
export const indexEntry = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('file'),
    path: z.string(),
    sizeBytes: z.int().nonnegative(),
    /** 0o644 or 0o755. */
    mode: z.int(),
    sha256,
    placeholders: z.array(z.string()).optional(),
  }),
  z.strictObject({ type: z.literal('dir'), path: z.string() }),
  z.strictObject({ type: z.literal('symlink'), path: z.string(), target: z.string() }),
])
export type IndexEntry = z.output<typeof indexEntry>
export type FileEntry = Extract<IndexEntry, { type: 'file' }>

/** Paths are relative, `/`-separated, without a leading `./`; sorted by code unit; parents are always present. */
export const layerIndex = z.strictObject({
  /** sha256 and size of the archive as it was published (compressed). */
  sha256,
  sizeBytes: z.int().nonnegative(),
  unpackedBytes: z.int().nonnegative(),
  /** Paths that came more than once; the last one counts. */
  duplicates: z.int().nonnegative(),
  manifest,
  entries: z.array(indexEntry),
})
export type LayerIndex = z.output<typeof layerIndex>
