import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** A folder as plain data: path → what is there, with owner and mode, so that two trees can be compared. */
export function readTree(root: string): Record<string, string> {
  const tree: [string, string][] = []
  const walk = (folder: string) => {
    for (const name of readdirSync(join(root, folder)).sort()) {
      const path = folder ? `${folder}/${name}` : name
      const stat = lstatSync(join(root, path))
      const owner = `${stat.uid}:${stat.gid}`
      if (stat.isSymbolicLink()) tree.push([path, `-> ${readlinkSync(join(root, path))}`])
      else if (stat.isDirectory()) {
        tree.push([`${path}/`, `${owner} ${(stat.mode & 0o7777).toString(8)}`])
        walk(path)
      } else
        tree.push([
          path,
          `${owner} ${(stat.mode & 0o7777).toString(8)} ${readFileSync(join(root, path)).toString('latin1')}`,
        ])
    }
  }
  walk('')
  return Object.fromEntries(tree)
}
