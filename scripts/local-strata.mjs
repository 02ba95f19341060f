import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ROOT } from './paths.mjs'

/** Whether any user may pass through a folder (or the nearest one above it that exists). */
function isOpenToAll(folder) {
  const mode = statSync(folder, { throwIfNoEntry: false })?.mode
  if (mode !== undefined && (mode & 0o001) === 0) return false
  return folder === dirname(folder) || isOpenToAll(dirname(folder))
}

/**
 * The local node's folder. Under root servers run as a user of their own, who must be able to pass through every folder
 * above; below a private one, such as /root, that cannot be, and the node lives in the system's place for such data.
 */
function nodeDirOf(dataDir) {
  const isRoot = process.getuid?.() === 0
  if (!isRoot || isOpenToAll(dataDir)) return join(dataDir, 'node')
  return join('/var/lib/strata', `local-${createHash('sha256').update(dataDir).digest('hex').slice(0, 8)}`)
}

/** Where this machine's brain and local node keep what they know; `record` names the processes of `npm start`. */
export function localPaths(env = process.env) {
  const dataDir = resolve(ROOT, env.STRATA_DATA_DIR || 'data')
  return {
    dataDir,
    nodeDir: nodeDirOf(dataDir),
    logsDir: join(dataDir, 'logs'),
    record: join(dataDir, 'launcher.json'),
  }
}

export function brainEnvironment(env = process.env) {
  return { ...env, STRATA_DATA_DIR: localPaths(env).dataDir, STRATA_LAUNCHER: '1' }
}

/** What the brain may know and the agent on the same machine need not. */
const BRAIN_ONLY = /^STRATA_(ADMIN_|S3_|DATA_DIR|HOST|PORT|TLS|LOOPBACK|AGENT_|HTTP_REDIRECT|PUBLIC_URL|LAUNCHER|LOG_)/

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
