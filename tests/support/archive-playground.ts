import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'

/** A private folder with `staging` to unpack into and, beside it, a canary that must never change. */
export function makePlayground() {
  const folder = mkdtempSync(join(tmpdir(), 'strata-archive-'))
  const canary = join(folder, 'canary')
  mkdirSync(join(canary, 'etc'), { recursive: true })
  writeFileSync(join(canary, 'etc/passwd'), 'root:x:0:0\n', { mode: 0o600 })
  writeFileSync(join(canary, 'world'), 'unharmed')
  symlinkSync('etc', join(canary, 'link'))
  const staging = join(folder, 'staging')
  mkdirSync(staging)
  return { folder, canary, staging, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Bytes as a stream, cut into pieces of this size. */
export function inChunks(bytes: Buffer, size = 64 * 1024): Readable {
  function* pieces() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  return Readable.from(pieces(), { objectMode: false })
}
