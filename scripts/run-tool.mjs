import { spawn } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { ROOT } from './paths.mjs'

/** The environment in which everything of the project runs: this Node comes first, and nothing calls home. */
export function toolEnvironment(env = process.env) {
  return { ...env, PATH: dirname(process.execPath) + delimiter + (env.PATH || ''), NUXT_TELEMETRY_DISABLED: '1' }
}

/** A command of an installed package. */
export function tool(name) {
  return join(ROOT, 'node_modules', '.bin', name)
}

/**
 * Runs a program in the project's folder; resolves to its exit code (a signal counts as 1).
 * `quiet`: what it says is shown only when it fails.
 */
export function runTool(command, args, { env = process.env, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit'
    const child = spawn(command, args, { cwd: ROOT, stdio, env: toolEnvironment(env) })
    const pass = signal => child.kill(signal)
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, pass)
    const said = []
    if (quiet) for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => said.push(chunk))
    child.on('error', reject)
    child.on('close', code => {
      for (const signal of signals) process.off(signal, pass)
      if (code !== 0) process.stderr.write(Buffer.concat(said))
      resolve(code === null ? 1 : code)
    })
  })
}
