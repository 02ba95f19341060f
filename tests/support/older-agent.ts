import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..')

/**
 * The sources of the last agent that spoke protocol 1, as they were. Packed anew when `PROTOCOL_VERSION` goes up:
 * `git archive <commit> agent core shared package.json tsconfig.base.json | gzip -9n`.
 */
const SOURCES = join(ROOT, 'tests', 'fixtures', 'agent-of-protocol-1.tar.gz')

/**
 * Builds the agent of the protocol before from the sources of its time, with the packages that are installed now.
 *
 * @param folder an empty one
 * @returns the bundle, and where its sources lie
 */
export function buildOlderAgent(folder: string): { bundle: string; sources: string } {
  const sources = join(folder, 'older-agent')
  mkdirSync(sources)
  execFileSync('tar', ['-xzf', SOURCES, '-C', sources])
  symlinkSync(join(ROOT, 'node_modules'), join(sources, 'node_modules'))
  const rolldown = join('node_modules', 'rolldown', 'bin', 'cli.mjs')
  execFileSync(process.execPath, [rolldown, '--config', join('agent', 'rolldown.config.mjs')], {
    cwd: sources,
    stdio: 'pipe',
  })
  return { bundle: join(sources, 'dist', 'agent', 'strata-agent.mjs'), sources }
}
