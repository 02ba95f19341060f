import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { nitroSettings } from './brain-settings.mjs'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { localPaths } from './local-strata.mjs'
import { readLock, takeLock } from './lock.mjs'
import { endProcess, isAlive } from './process-identity.mjs'
import { runLocalStrata } from './run-local-strata.mjs'

const LEFTOVER_GRACE_MS = 20_000

/** What a launcher that was killed left behind would hold the data folder: it is ended first. Servers are not touched. */
async function endLeftovers(record) {
  const left = [record?.brain, record?.agent].filter(isAlive)
  if (left.length === 0) return
  console.log('An earlier start was killed and left its brain or agent behind; ending them first …')
  for (const identity of left) await endProcess(identity, LEFTOVER_GRACE_MS)
}

/** Resolves to a sentence when the brain could not listen there, else to null. */
async function whyNotListen(host, port) {
  const server = createServer()
  try {
    server.listen({ host, port: Number(port), exclusive: true })
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return null
  } catch (error) {
    const next =
      'Set STRATA_HOST or STRATA_PORT to another one and start again, for example: STRATA_PORT=3001 npm start'
    if (error.code === 'EADDRINUSE') return `Port ${port} on ${host} is taken by another program. ${next}`
    return `The brain cannot listen on ${host}, port ${port}: ${error.message}. ${next}`
  }
}

function sayItRuns({ pid, url }, dataDir) {
  console.error(
    url
      ? `Strata runs already (process ${pid}); its panel is at ${url}`
      : `Process ${pid} is starting or stopping Strata in ${dataDir}; try again in a moment.`,
  )
}

/**
 * Installs and builds what is stale, starts the brain and the local node, says where everything is, and stays until it is
 * told to end. Resolves to the exit code.
 */
export async function start() {
  const paths = localPaths()
  mkdirSync(paths.dataDir, { recursive: true, mode: 0o711 })
  const before = readLock(paths.record)
  const lock = takeLock(paths.record)
  if (lock.holder) {
    sayItRuns(lock.holder, paths.dataDir)
    return 1
  }
  try {
    await endLeftovers(before)
    const { NITRO_HOST, NITRO_PORT } = nitroSettings(process.env)
    const fault = await whyNotListen(NITRO_HOST, NITRO_PORT)
    if (fault) {
      console.error(fault)
      return 1
    }
    await ensureInstalled()
    await ensureBuilt()
    return await runLocalStrata(paths, lock)
  } finally {
    lock.release()
  }
}
