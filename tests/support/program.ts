import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { dirname } from 'node:path'

/** A program of ours under test, with everything it said. */
export interface Program {
  process: ChildProcess
  /** Standard output and error, together. */
  said: () => string
  /** Ends it and waits for the end; SIGKILL is the accident. */
  end: (signal?: NodeJS.Signals) => Promise<void>
}

/** Starts a Node program in a group of its own, with nothing of the tests' environment but PATH. */
export function startProgram(script: string, args: readonly string[], env: Record<string, string>): Program {
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return follow(child, signal => child.kill(signal))
}

/** Runs a line in a shell as if it were typed there, in `folder`; ending it ends everything that the line started. */
export function runInShell(line: string, folder: string, env: Record<string, string>): Program {
  const child = spawn('sh', ['-c', line], {
    cwd: folder,
    env: { ...env, PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  return follow(child, signal => child.pid !== undefined && process.kill(-child.pid, signal))
}

function follow(child: ChildProcess, kill: (signal: NodeJS.Signals) => unknown): Program {
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const ended = new Promise<void>(resolve => child.on('exit', () => resolve()))
  return {
    process: child,
    said: () => text,
    end: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) kill(signal)
      await ended
    },
  }
}
