import { join, resolve } from 'node:path'
import { ROOT } from './paths.mjs'

/** Where this machine's brain and local node keep what they know; `record` names the processes of `npm start`. */
export function localPaths(env = process.env) {
  const dataDir = resolve(ROOT, env.STRATA_DATA_DIR || 'data')
  return { dataDir, nodeDir: join(dataDir, 'node'), logsDir: join(dataDir, 'logs'), record: join(dataDir, 'launcher.json') }
}

export function brainEnvironment(env = process.env) {
  return { ...env, STRATA_DATA_DIR: localPaths(env).dataDir, STRATA_LAUNCHER: '1' }
}

/** What the brain may know and the agent on the same machine need not. */
const BRAIN_ONLY = /^STRATA_(ADMIN_|S3_|DATA_DIR|HOST|PORT|PUBLIC_URL|LAUNCHER|LOG_LEVEL)/

/** The local node's environment. `brainUrl` is where the brain listens, seen from this machine. */
export function agentEnvironment({ brainUrl, joinToken }, env = process.env) {
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !BRAIN_ONLY.test(name)))
  return {
    ...kept,
    STRATA_NODE_NAME: 'local',
    STRATA_NODE_DATA_DIR: localPaths(env).nodeDir,
    STRATA_ALLOW_HTTP: 'on', // never leaves this machine
    ...(env.STRATA_LOG_LEVEL === 'debug' ? { STRATA_LOG_LEVEL: 'debug' } : {}),
    ...(brainUrl ? { STRATA_BRAIN_URL: brainUrl } : {}),
    ...(joinToken ? { STRATA_JOIN_TOKEN: joinToken } : {}),
  }
}
