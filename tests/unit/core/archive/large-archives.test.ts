import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const MIB = 1024 ** 2
const SCRIPT = join(import.meta.dirname, '../../../support/read-large-archive.ts')

/** Reads 2 GiB of random bytes in a process of its own, with a heap of 512 MB. */
function readLarge(kind: string): { unpackedBytes: number; entries: number; memoryRiseBytes: number } {
  const output = execFileSync(process.execPath, ['--max-old-space-size=512', '--import', 'tsx', SCRIPT, kind], {
    encoding: 'utf8',
  })
  return JSON.parse(output) as ReturnType<typeof readLarge>
}

describe.each(['tar', 'gzip', 'zstd'])('a %s archive of 2 GiB', kind => {
  it('passes with flat memory', { timeout: 120_000 }, () => {
    const result = readLarge(kind)
    expect(result).toMatchObject({ unpackedBytes: 2048 * MIB, entries: 8 })
    expect(result.memoryRiseBytes).toBeLessThan(200 * MIB)
  })
})
