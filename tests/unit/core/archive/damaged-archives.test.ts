import fc from 'fast-check'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readArchive } from '../../../../core/archive/read-archive'
import { isAppError } from '../../../../shared/errors'
import { directory, file, hardLink, paxHeader, symlink, tar } from '../../../factories/tar'
import { inChunks } from '../../../support/archive-playground'

const PLAIN = tar(
  file('strata.yaml', 'type: map\n'),
  directory('conf'),
  paxHeader({ path: `conf/${'n'.repeat(150)}.yml` }),
  file('cut', 'motd: ${MOTD}\n'.repeat(50)),
  symlink('link', 'conf'),
  file('data.bin', Buffer.from(Array.from({ length: 1_500 }, (_, at) => (at * 7919) % 256))),
  hardLink('copy.bin', 'data.bin'),
)
const KINDS: [string, Buffer][] = [
  ['tar', PLAIN],
  ['gzip', gzipSync(PLAIN)],
  ['gzip of two members', Buffer.concat([gzipSync(PLAIN.subarray(0, 2_000)), gzipSync(PLAIN.subarray(2_000))])],
  ['zstd', zstdCompressSync(PLAIN)],
  ['zstd with a checksum', zstdCompressSync(PLAIN, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
  [
    'zstd of two frames',
    Buffer.concat([zstdCompressSync(PLAIN.subarray(0, 2_000)), zstdCompressSync(PLAIN.subarray(2_000))]),
  ],
]

async function verdict(bytes: Buffer): Promise<string> {
  try {
    await readArchive(inChunks(bytes, 1_000))
    return 'accepted'
  } catch (error) {
    if (isAppError(error)) return error.code
    throw error
  }
}

describe.each(KINDS)('a damaged %s', (kind, whole) => {
  it('is accepted whole', async () => {
    expect(await verdict(whole)).toBe('accepted')
  })

  it('is ARCHIVE_CORRUPT when cut at any point', async () => {
    for (let length = 0; length < whole.length; length += kind === 'tar' ? 13 : 1) {
      expect([length, await verdict(whole.subarray(0, length))]).toEqual([length, 'ARCHIVE_CORRUPT'])
    }
    expect(await verdict(whole.subarray(0, -1))).toBe('ARCHIVE_CORRUPT')
  })

  it('is refused when a byte of its packed data flips', async () => {
    if (!/gzip|checksum/.test(kind)) return expectNoCrash(whole)
    const original = await readArchive(inChunks(whole))
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const damaged = Buffer.from(whole)
        damaged[at] = (damaged[at] ?? 0) ^ mask
        const result = await verdict(damaged)
        if (result !== 'accepted') return
        // A few bytes carry nothing (the time in a gzip header): then what was read is the same.
        const { entries, manifest } = await readArchive(inChunks(damaged))
        expect({ entries, manifest }).toEqual({ entries: original.entries, manifest: original.manifest })
      }),
      { numRuns: 400 },
    )
  })
})

/** Without a checksum a changed byte of a file cannot be seen; any answer is right, a defect is not. */
async function expectNoCrash(whole: Buffer): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] ?? 0) ^ mask
      expect(await verdict(damaged)).toMatch(/^(?:accepted|[A-Z_]+)$/)
    }),
    { numRuns: 400 },
  )
}
