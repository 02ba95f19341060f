import type { LayerIndex } from '../../shared/schemas/layer-index'
import { POLICY } from '../../shared/domain/policy'
import { ArchiveContents } from './archive-contents'
import { entryError } from './archive-errors'
import type { ArchiveLimits } from './archive-limits'
import type { ArchiveSink } from './archive-sink'
import { entryPath, hardLinkTarget, linkTarget } from './entry-path'
import { FileBody } from './file-body'
import { MANIFEST_PATH, parseManifest } from './manifest-file'
import type { TarHeader } from './tar-header'
import type { TarHandler } from './tar-parser'

const EXECUTABLE = 0o111
const TYPE_NAMES: Record<string, string> = {
  3: 'a character device',
  4: 'a block device',
  6: 'a FIFO',
  7: 'a contiguous file',
}

/** Judges the entries of a tar archive as they come, and takes the metadata file out. */
export class ArchiveReader implements TarHandler {
  readonly #limits: ArchiveLimits
  readonly #sink: ArchiveSink | undefined
  readonly #contents: ArchiveContents
  #body: FileBody | undefined
  /** `strata.yaml` while it is read, and its text afterwards. */
  #manifestParts: Buffer[] | undefined
  #manifest: Buffer | undefined
  #manifestDuplicates = 0

  constructor(limits: ArchiveLimits, sink?: ArchiveSink) {
    this.#limits = limits
    this.#sink = sink
    this.#contents = new ArchiveContents(limits, sink)
  }

  entry(header: TarHeader): void {
    this.#contents.count()
    const path = entryPath(header.path, this.#limits)
    const type = entryType(header, path)
    if (type !== 'file' && header.sizeBytes > 0) {
      // Programs disagree on whether bytes follow; so nobody gets to choose.
      throw entryError('HEADER_INVALID', path, 'only a regular file can have a size')
    }
    if (path === '' && type !== 'dir') throw entryError('PATH_INVALID', '.', 'only a folder can be the root')
    if (path === MANIFEST_PATH || path.startsWith(`${MANIFEST_PATH}/`)) this.#beginManifest(header, path, type)
    else if (type === 'file') this.#beginFile(header, path)
    else if (type === 'dir') this.#contents.directory(path)
    else if (type === 'symlink') {
      this.#contents.symlink(path, linkTarget(header.linkPath, path, this.#limits))
    } else {
      this.#contents.copy(path, hardLinkTarget(header.linkPath, path, this.#limits))
    }
  }

  body(chunk: Buffer): void {
    if (this.#manifestParts) this.#manifestParts.push(chunk)
    else this.#body?.write(chunk)
  }

  bodyEnd(): void {
    if (this.#manifestParts) {
      this.#manifest = Buffer.concat(this.#manifestParts)
      this.#manifestParts = undefined
    }
    const body = this.#body
    this.#body = undefined
    if (body) this.#contents.addFile(body.path, body.end())
  }

  /** What the archive held. Call when it ended well. */
  finish(): Omit<LayerIndex, 'sha256' | 'sizeBytes'> {
    return {
      ...this.#contents.finish(),
      duplicates: this.#contents.duplicates + this.#manifestDuplicates,
      manifest: this.#manifest ? parseManifest(this.#manifest) : {},
    }
  }

  /** Gives back what an unfinished file holds; harmless when there is none. */
  abandon(): void {
    this.#body?.abandon()
    this.#body = undefined
  }

  #beginFile(header: TarHeader, path: string): void {
    this.#contents.openFile(path)
    const meta = { sizeBytes: header.sizeBytes, mode: header.mode & EXECUTABLE ? 0o755 : 0o644 }
    this.#body = new FileBody(path, meta, this.#sink?.file(path, meta))
  }

  #beginManifest(header: TarHeader, path: string, type: EntryType): void {
    if (path !== MANIFEST_PATH || type !== 'file') {
      throw entryError('METADATA_INVALID', MANIFEST_PATH, 'must be a regular file of its own, not a folder or a link')
    }
    if (header.sizeBytes > POLICY.files.metadataBytes) {
      throw entryError(
        'METADATA_INVALID',
        path,
        `has ${header.sizeBytes} bytes; at most ${POLICY.files.metadataBytes} are allowed`,
      )
    }
    if (this.#manifest) this.#manifestDuplicates += 1
    this.#manifestParts = []
  }
}

type EntryType = 'file' | 'dir' | 'symlink' | 'link'

function entryType(header: TarHeader, path: string): EntryType {
  switch (header.typeflag) {
    case '0':
    case '\0':
      // Before POSIX a folder was a file whose name ends with a slash.
      return header.path.at(-1) === SLASH ? 'dir' : 'file'
    case '1':
      return 'link'
    case '2':
      return 'symlink'
    case '5':
      return 'dir'
    default: {
      const name = TYPE_NAMES[header.typeflag] ?? 'of a type that Strata does not know'
      throw entryError('ENTRY_TYPE', path, `is ${name}; only files, folders and links are allowed`)
    }
  }
}

const SLASH = 0x2f
