import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const AGENT = join(import.meta.dirname, '..', '..', '..', 'dist', 'agent', 'strata-agent.mjs')

it.each(['18', '20'])(
  'runs by Node 24 when the machine has Node %s',
  version => {
    const folder = mkdtempSync(join(tmpdir(), 'older-node-'))
    try {
      const older = `node-${process.platform}-${process.arch}@${version}`
      const result = spawnSync(
        'npx',
        ['--yes', '--package', older, '-c', `node -v && node ${JSON.stringify(AGENT)} list`],
        {
          encoding: 'utf8',
          cwd: folder,
          env: { ...process.env, STRATA_NODE_DATA_DIR: join(folder, 'node') },
        },
      )
      expect(result.stdout).toMatch(new RegExp(`^v${version}\\.`))
      expect(result.stderr).toContain('needs Node 24.11')
      expect(result.status, result.stderr).toBe(0)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
  120_000,
)
