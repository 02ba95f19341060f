import { existsSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { agentEnvironment } from './local-strata.mjs'
import { AGENT_ENTRY, ROOT } from './paths.mjs'
import { toolEnvironment } from './run-tool.mjs'

/** Names of the local node's servers that run, asked of the agent's program; it reads its records and needs no brain. */
export async function runningServers({ nodeDir }) {
  if (!existsSync(nodeDir)) return []
  const child = spawn(process.execPath, [AGENT_ENTRY, 'list'], {
    cwd: ROOT,
    env: toolEnvironment(agentEnvironment({})),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', text => (out += text))
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(`The agent's program could not tell which servers run (exit code ${code}).`)
  return out.split('\n').filter(Boolean)
}
