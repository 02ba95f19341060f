import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

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
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const ended = new Promise<void>(resolve => child.on('exit', () => resolve()))
  return {
    process: child,
    said: () => text,
    end: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await ended
    },
  }
}
