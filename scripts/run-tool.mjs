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

/** Runs a program in the project's folder with our input and output; resolves to its exit code (a signal counts as 1). */
export function runTool(command, args, { env = process.env, stdio = 'inherit' } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio, env: toolEnvironment(env) })
    const pass = signal => child.kill(signal)
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, pass)
    child.on('error', reject)
    child.on('close', code => {
      for (const signal of signals) process.off(signal, pass)
      resolve(code === null ? 1 : code)
    })
  })
}
