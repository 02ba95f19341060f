import { corrupt } from './archive-errors'

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const RLE_BLOCK = 1
const CONTENT_SIZE_BYTES = [0, 2, 4, 8]
const DICTIONARY_BYTES = [0, 1, 2, 4]

/** What the next bytes are: how many are needed, and what to do with them when they are there. */
interface Step {
  bytes: number
  /** Bytes that only pass, and need not be looked at. */
  isSkipped: boolean
  then: (field: Buffer) => Step
}

/**
 * Cuts zstd data at the ends of its frames (RFC 8878, section 3.1), because Node's decoder stops without a word
 * after the first frame of a chunk, and programs such as pzstd write many. It also notices a stream that ends inside
 * a frame.
 */
export class ZstdFrames {
  #step: Step = frameStart
  #seen = 0
  readonly #field = Buffer.alloc(18)

  /** True between two frames: here the data may end. */
  get isWhole(): boolean {
    return this.#step === frameStart && this.#seen === 0
  }

  /** The same bytes, in pieces of which none goes beyond the end of a frame. */
  *split(chunk: Buffer): Generator<Buffer> {
    let from = 0
    for (let at = 0; at < chunk.length;) {
      const taken = Math.min(this.#step.bytes - this.#seen, chunk.length - at)
      if (!this.#step.isSkipped) chunk.copy(this.#field, this.#seen, at, at + taken)
      this.#seen += taken
      at += taken
      if (this.#seen < this.#step.bytes) break
      this.#step = this.#step.then(this.#field)
      this.#seen = 0
      if (this.#step === frameStart) {
        yield chunk.subarray(from, at)
        from = at
      }
    }
    if (from < chunk.length) yield chunk.subarray(from)
  }
}

const frameStart: Step = { bytes: 4, isSkipped: false, then: afterMagic }

function afterMagic(field: Buffer): Step {
  const magic = field.readUInt32LE(0)
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
    return read(4, size => skip(size.readUInt32LE(0), () => frameStart))
  }
  if (magic !== FRAME_MAGIC) throw corrupt('The zstd data is damaged, or something stands behind it.')
  return read(1, afterDescriptor)
}

function afterDescriptor(field: Buffer): Step {
  const descriptor = field[0] ?? 0
  const isSingleSegment = (descriptor & 0x20) !== 0
  const hasChecksum = (descriptor & 0x04) !== 0
  const contentSizeFlag = descriptor >> 6
  const rest =
    (isSingleSegment ? 0 : 1) +
    (DICTIONARY_BYTES[descriptor & 0x03] ?? 0) +
    (contentSizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_BYTES[contentSizeFlag] ?? 0))
  return skip(rest, () => blockHeader(hasChecksum))
}

function blockHeader(hasChecksum: boolean): Step {
  return read(3, field => {
    const header = field.readUIntLE(0, 3)
    const isLast = (header & 1) === 1
    const size = ((header >> 1) & 3) === RLE_BLOCK ? 1 : header >> 3
    const afterLast = () => skip(hasChecksum ? 4 : 0, () => frameStart)
    return skip(size, () => (isLast ? afterLast() : blockHeader(hasChecksum)))
  })
}

function read(bytes: number, then: Step['then']): Step {
  return { bytes, isSkipped: false, then }
}

/** Nothing to skip is no step at all. */
function skip(bytes: number, then: () => Step): Step {
  return bytes === 0 ? then() : { bytes, isSkipped: true, then }
}
