import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { AppError } from '../../shared/errors'
import { blockedAt, reachableNodeFolder } from './process-reach'
import { SHIM } from './process-shim'

export interface SpawnRequest {
  command: readonly string[]
  env: Readonly<Record<string, string>>
  /** The stack: working directory and home. */
  directory: string
  /** Holds `input`, `output` and `exit`. */
  runFolder: string
  /** Where a copy of Node may be put for a user that cannot reach the agent's own. */
  binFolder: string
  /** null: the agent's own, which is not root. */
  user: { uid: number; gid: number } | null
}

/**
 * Starts the shell that will run the server, in a session of its own; it waits for a line on its descriptor 4. Its environment
 * holds nothing of the agent's, which has the agent's secrets in it. START_FAILED when the program or the way to it is not there.
 */
export async function spawnShim(request: SpawnRequest): Promise<ChildProcess> {
  const { directory, runFolder, user } = request
  if (user) await checkReach(directory, user)
  const node = user ? await reachableNodeFolder(user, request.binFolder) : dirname(process.execPath)
  const env: Record<string, string> = {
    PATH: [node, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
    HOME: directory,
    ...request.env,
  }
  checkProgram(request.command[0], directory, env.PATH ?? '')
  // Read and write: the input then never ends, whoever writes to it comes and goes.
  const input = await open(join(runFolder, 'input'), 'r+')
  const output = await open(join(runFolder, 'output'), 'a')
  const exit = await open(join(runFolder, 'exit'), 'a')
  try {
    const stdio = [input.fd, output.fd, output.fd, exit.fd, 'pipe' as const]
    const child = spawn('/bin/sh', ['-c', SHIM, 'strata-run', ...request.command], {
      cwd: directory,
      env,
      detached: true,
      stdio,
      ...user,
    })
    await new Promise<void>((done, failed) => {
      child.once('spawn', done)
      child.once('error', error =>
        failed(new AppError('START_FAILED', `The server could not be started: ${error.message}`, { cause: error })),
      )
    })
    return child
  } finally {
    await Promise.all([input.close(), output.close(), exit.close()])
  }
}

async function checkReach(directory: string, user: { uid: number; gid: number }): Promise<void> {
  const blocked = await blockedAt(directory, user)
  if (!blocked) return
  throw new AppError(
    'START_FAILED',
    `User ${user.uid}, as whom servers run, may not enter ${blocked}, and the server's files are below it. Set STRATA_NODE_DATA_DIR to a folder that others may enter, such as /var/lib/strata.`,
  )
}

function checkProgram(program: string | undefined, directory: string, path: string): void {
  if (!program)
    throw new AppError(
      'START_FAILED',
      'The layers name no command; without a container there is no image that could bring one.',
    )
  const candidates = program.includes('/')
    ? [resolve(directory, program)]
    : path.split(delimiter).map(folder => join(folder, program))
  if (candidates.some(candidate => existsSync(candidate) && statSync(candidate).isFile())) return
  throw new AppError(
    'START_FAILED',
    `The program ${program} is not on this machine (looked for ${candidates.join(', ')}). Install it, or run the server in Docker.`,
  )
}
