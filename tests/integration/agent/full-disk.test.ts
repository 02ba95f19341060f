import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPreparer } from '../../../agent/prepare/create-preparer'
import type { Preparer } from '../../../agent/prepare/port'

describe('a disk without room for one more file', () => {
  let dataDir: string
  let preparer: Preparer
  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'strata-full-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,nr_inodes=20', 'tmpfs', dataDir])
    const layerUrl = () => Promise.reject(new Error('no layers here'))
    const made = await createPreparer({
      dataDir,
      owner: { uid: 1000, gid: 1000 },
      cacheLimitBytes: null,
      layerUrl,
      warn() {},
    })
    preparer = made.preparer
  })
  afterEach(() => {
    execFileSync('umount', [dataDir])
    rmSync(dataDir, { recursive: true })
  })

  function fill(): string[] {
    const files: string[] = []
    for (;;) {
      const file = join(dataDir, `filler-${files.length}`)
      try {
        writeFileSync(file, '')
        files.push(file)
      } catch {
        return files // full
      }
    }
  }

  it('does not decide for good how servers are laid out', async () => {
    const fillers = fill()
    await expect(preparer.overlayObstacle()).rejects.toMatchObject({ code: 'DISK_FULL' })
    for (const file of fillers) rmSync(file)
    expect(await preparer.overlayObstacle()).toBeNull()
  })
})
