import { spawn } from 'node:child_process'

/**
 * Runs a program to its end and returns what it wrote to stdout.
 * Throws with the last lines of its stderr when it ends with anything but 0.
 */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err = (err + text).slice(-4_000)))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(out)
      else
        reject(
          new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}: ${err.trim() || out.slice(-1_000)}`),
        )
    })
  })
}
