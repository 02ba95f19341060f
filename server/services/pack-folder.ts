import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pack } from 'tar-stream'

/**
 * A folder as a tar archive; the same files give the same bytes on every machine, because names are sorted and times and
 * owners left out. Files are read whole: for small folders such as the example layers.
 */
export function packFolder(folder: string): Readable {
  const archive = pack()
  const fill = async () => {
    for await (const file of filesOf(folder, '')) {
      const isExecutable = ((await stat(join(folder, file))).mode & 0o100) !== 0
      const header = { name: file, mode: isExecutable ? 0o755 : 0o644, mtime: new Date(0) }
      archive.entry(header, await readFile(join(folder, file)))
    }
    archive.finalize()
  }
  fill().catch((error: Error) => archive.destroy(error))
  return Readable.from(archive)
}

async function* filesOf(root: string, below: string): AsyncGenerator<string> {
  const entries = await readdir(join(root, below), { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) yield* filesOf(root, path)
    else if (entry.isFile()) yield path
  }
}
