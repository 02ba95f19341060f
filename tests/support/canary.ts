import { createHash } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One thing in a tree with everything an attack could change of it. */
export interface TreeEntry {
  path: string
  type: 'dir' | 'file' | 'symlink' | 'other'
  mode: number
  uid: number
  gid: number
  size: number
  /** sha256 of a file, target of a link. */
  content: string
}

/** A whole tree, sorted; links are not followed. */
export function describeTree(root: string, path = ''): TreeEntry[] {
  return readdirSync(join(root, path))
    .sort()
    .flatMap(name => {
      const here = path === '' ? name : `${path}/${name}`
      const entry = describeEntry(root, here)
      return entry.type === 'dir' ? [entry, ...describeTree(root, here)] : [entry]
    })
}

function describeEntry(root: string, path: string): TreeEntry {
  const place = join(root, path)
  const stat = lstatSync(place)
  const type = stat.isDirectory() ? 'dir' : stat.isFile() ? 'file' : stat.isSymbolicLink() ? 'symlink' : 'other'
  const content =
    type === 'file'
      ? createHash('sha256').update(readFileSync(place)).digest('hex')
      : type === 'symlink'
        ? readlinkSync(place)
        : ''
  const size = type === 'dir' ? 0 : stat.size
  return { path, type, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, size, content }
}

/** A private folder with `staging` to unpack into and, beside it, a canary that must never change. */
export function makePlayground() {
  const folder = mkdtempSync(join(tmpdir(), 'strata-archive-'))
  const canary = join(folder, 'canary')
  mkdirSync(join(canary, 'etc'), { recursive: true })
  writeFileSync(join(canary, 'etc/passwd'), 'root:x:0:0\n', { mode: 0o600 })
  writeFileSync(join(canary, 'world'), 'unharmed')
  symlinkSync('etc', join(canary, 'link'))
  mkdirSync(join(folder, 'staging'))
  return {
    folder,
    canary,
    staging: join(folder, 'staging'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
