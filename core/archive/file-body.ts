// Whole: an older Node lacks `hash`, and the agent must get as far there as saying that it is too old.
import * as crypto from 'node:crypto'
import type { Hash } from 'node:crypto'
import { POLICY } from '../../shared/domain/policy'
import { scanPlaceholders } from '../variables/placeholders'
import type { FileContent } from './archive-contents'
import type { FileWriter } from './archive-sink'

const NUL = 0

/** The bytes of one file on their way through: hashed, searched for placeholders, handed to the writer. */
export class FileBody {
  readonly path: string
  readonly #meta: { sizeBytes: number; mode: number }
  readonly #writer: FileWriter | undefined
  #hash: Hash | undefined
  #sha256: string | undefined
  /** The text so far; undefined once the file is known to be binary or too large to be filled in. */
  #text: Buffer[] | undefined

  constructor(path: string, meta: { sizeBytes: number; mode: number }, writer?: FileWriter) {
    this.path = path
    this.#meta = meta
    this.#writer = writer
    if (meta.sizeBytes <= POLICY.files.filledInBytes) this.#text = []
  }

  write(chunk: Buffer): void {
    // Most files come in one piece: hashing that at once spares the making of a hash object.
    if (chunk.length === this.#meta.sizeBytes) this.#sha256 = crypto.hash('sha256', chunk)
    else (this.#hash ??= crypto.createHash('sha256')).update(chunk)
    if (this.#text && chunk.includes(NUL)) this.#text = undefined
    this.#text?.push(chunk)
    this.#writer?.write(chunk)
  }

  end(): FileContent {
    this.#writer?.end()
    const placeholders = this.#text ? scanPlaceholders(joined(this.#text)) : []
    const sha256 = this.#sha256 ?? (this.#hash ?? crypto.createHash('sha256')).digest('hex')
    return { ...this.#meta, sha256, ...(placeholders.length > 0 ? { placeholders } : {}) }
  }

  abandon(): void {
    this.#writer?.abandon()
  }
}

function joined(chunks: Buffer[]): Buffer {
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}
