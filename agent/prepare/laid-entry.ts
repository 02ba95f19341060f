/**
 * One path of the finished tree, as a layout puts it on disk. Files come from a layer or from bytes that were filled
 * in; `key` tells whether two generations want the same content there.
 */
export type LaidEntry =
  | { type: 'dir'; path: string }
  | { type: 'symlink'; path: string; target: string }
  | { type: 'file'; path: string; mode: number; key: string; source: string | Buffer }
