import { randomBytes } from 'node:crypto'
import { constants, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ZstdFrames } from '../../../../core/archive/zstd-frames'

const content = fc.oneof(
  fc.integer({ min: 0, max: 300_000 }).map(size => Buffer.alloc(size, 7)),
  fc.integer({ min: 0, max: 300_000 }).map(size => randomBytes(size)),
  fc.string({ maxLength: 5_000 }).map(text => Buffer.from(text)),
)
const frame = fc
  .record({ content, checksum: fc.integer({ min: 0, max: 1 }), size: fc.integer({ min: 0, max: 1 }) })
  .map(({ content, checksum, size }) => {
    const params = { [constants.ZSTD_c_checksumFlag]: checksum, [constants.ZSTD_c_contentSizeFlag]: size }
    return zstdCompressSync(content, { params })
  })

describe('ZstdFrames', () => {
  it('cuts at the end of every frame, wherever chunks end', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 70_000 }),
        (frames, size) => {
          const whole = Buffer.concat(frames)
          const splitter = new ZstdFrames()
          const ends = new Set<number>()
          const pieces: Buffer[] = []
          let at = 0
          for (let from = 0; from < whole.length; from += size) {
            for (const piece of splitter.split(whole.subarray(from, from + size))) {
              pieces.push(piece)
              at += piece.length
              ends.add(at)
            }
          }
          expect(Buffer.concat(pieces).equals(whole)).toBe(true)
          let end = 0
          for (const { length } of frames) expect(ends).toContain((end += length))
          expect(splitter.isWhole).toBe(true)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('knows that a frame is not whole', () => {
    const bytes = zstdCompressSync(Buffer.from('some text'))
    for (let length = 1; length < bytes.length; length += 1) {
      const splitter = new ZstdFrames()
      expect([...splitter.split(bytes.subarray(0, length))]).toHaveLength(1)
      expect(splitter.isWhole).toBe(false)
    }
  })

  it('refuses what is no frame', () => {
    const splitter = new ZstdFrames()
    expect(() => [...splitter.split(Buffer.from('text'))]).toThrow(expect.objectContaining({ code: 'ARCHIVE_CORRUPT' }))
  })
})
