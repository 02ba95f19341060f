import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..')

/** The last commit whose agent speaks protocol 1. Moves on when `PROTOCOL_VERSION` does. */
const LAST_OF_PREVIOUS_PROTOCOL = '834d1d92e9e83a4c95be0f685b3aaba07ef8bf00'

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 1024 ** 2 })

/** A shallow clone has today's commit alone; its remote has the rest. Throws, and says what to do, when neither has it. */
function ensureCommit(): void {
  try {
    git('cat-file', '-e', `${LAST_OF_PREVIOUS_PROTOCOL}^{commit}`)
  } catch {
    try {
      git('fetch', '--quiet', '--depth=1', 'origin', LAST_OF_PREVIOUS_PROTOCOL)
    } catch (cause) {
      throw new Error(
        `The agent of the protocol before is built from commit ${LAST_OF_PREVIOUS_PROTOCOL}, which this clone does not have and could not fetch from "origin". Clone with the whole history (git fetch --unshallow).`,
        { cause },
      )
    }
  }
}

/**
 * Builds the agent of the protocol before from the sources of its time, with the packages that are installed now.
 *
 * @param folder an empty one
 * @returns the bundle, and where its sources lie
 */
export function buildOlderAgent(folder: string): { bundle: string; sources: string } {
  ensureCommit()
  const sources = join(folder, 'older-agent')
  mkdirSync(sources)
  execFileSync('tar', ['-x', '-C', sources], {
    input: git('archive', LAST_OF_PREVIOUS_PROTOCOL, 'agent', 'core', 'shared', 'package.json', 'tsconfig.base.json'),
  })
  symlinkSync(join(ROOT, 'node_modules'), join(sources, 'node_modules'))
  const rolldown = join('node_modules', 'rolldown', 'bin', 'cli.mjs')
  execFileSync(process.execPath, [rolldown, '--config', join('agent', 'rolldown.config.mjs')], {
    cwd: sources,
    stdio: 'pipe',
  })
  return { bundle: join(sources, 'dist', 'agent', 'strata-agent.mjs'), sources }
}
