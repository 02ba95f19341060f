import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { AppError } from '../../shared/errors'
import { findReach } from './process-reach'
import type { Reach } from './process-reach'
import { SHIM } from './process-shim'

const SYSTEM_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin']

export interface SpawnRequest {
  command: readonly string[]
  env: Readonly<Record<string, string>>
  /** The stack: working directory and home. */
  directory: string
  /** Holds `input`, `output` and `exit`. */
  runFolder: string
  /** Where a copy of Node may be put for a user that cannot reach the agent's own. */
  binFolder: string
  /** Where the stack may be shown to a user that cannot reach it. */
  shelter: string
  /** null: the agent's own, which is not root. */
  user: { uid: number; gid: number } | null
}

/**
 * Starts the shell that will run the server, in a session of its own; it waits for a line on its descriptor 4. Its environment
 * holds nothing of the agent's, which has the agent's secrets in it. START_FAILED when the program or the way to it is not there.
 */
export async function spawnShim(request: SpawnRequest): Promise<ChildProcess> {
  const { directory, runFolder, user } = request
  const reach: Reach = user
    ? await findReach(user, request)
    : { directory, nodeFolder: dirname(process.execPath), prefix: null }
  const path = [reach.nodeFolder, ...SYSTEM_FOLDERS].join(delimiter)
  const env: Record<string, string> = { PATH: path, HOME: reach.directory, ...request.env }
  checkProgram(request.command[0], directory, [dirname(process.execPath), ...(env.PATH ?? '').split(delimiter)])
  const [program = '', ...args] = [...(reach.prefix ?? []), '/bin/sh', '-c', SHIM, 'strata-run', ...request.command]
  // Read and write: the input then never ends, whoever writes to it comes and goes.
  const input = await open(join(runFolder, 'input'), 'r+')
  const output = await open(join(runFolder, 'output'), 'a')
  const exit = await open(join(runFolder, 'exit'), 'a')
  try {
    const stdio = [input.fd, output.fd, output.fd, exit.fd, 'pipe' as const]
    const child = spawn(program, args, { cwd: directory, env, detached: true, stdio, ...(reach.prefix ? {} : user) })
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

function checkProgram(program: string | undefined, directory: string, folders: readonly string[]): void {
  if (!program) {
    throw new AppError(
      'START_FAILED',
      'The layers name no command; without a container there is no image that could bring one.',
    )
  }
  const candidates = program.includes('/')
    ? [resolve(directory, program)]
    : folders.map(folder => join(folder, program))
  if (candidates.some(candidate => existsSync(candidate) && statSync(candidate).isFile())) return
  throw new AppError(
    'START_FAILED',
    `The program ${program} is not on this machine (looked for ${candidates.join(', ')}). Install it, or run the server in Docker.`,
  )
}
