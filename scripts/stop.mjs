import { existsSync } from 'node:fs'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { agentEnvironment, localPaths } from './local-strata.mjs'
import { readLock, takeLock } from './lock.mjs'
import { AGENT_ENTRY } from './paths.mjs'
import { endProcess, isAlive } from './process-identity.mjs'
import { runTool } from './run-tool.mjs'

/** Longer than the launcher gives brain and agent together. */
const LAUNCHER_GRACE_MS = 60_000
const PROGRAM_GRACE_MS = 20_000

/** Ends brain and agent of this project, then the servers of its local node. */
export async function stop() {
  const paths = localPaths()
  if (!existsSync(paths.dataDir)) {
    console.log(`Nothing was ever started in ${paths.dataDir}.`)
    return 0
  }
  const record = readLock(paths.record)
  if (isAlive(record)) {
    console.log(`Stopping Strata (process ${record.pid}) …`)
    await endProcess(record, LAUNCHER_GRACE_MS)
  }
  // Whoever was killed could not end these.
  for (const identity of [record?.agent, record?.brain])
    if (isAlive(identity)) await endProcess(identity, PROGRAM_GRACE_MS)

  const lock = takeLock(paths.record)
  if (lock.holder) {
    console.error(`Process ${lock.holder.pid} started Strata anew meanwhile; run npm stop again to stop that one.`)
    return 1
  }
  try {
    if (!existsSync(paths.nodeDir)) {
      console.log('Stopped. There is no local node, so no servers of its own.')
      return 0
    }
    await ensureInstalled()
    await ensureBuilt(['agent'])
    return await runTool(process.execPath, [AGENT_ENTRY, 'stop-all'], { env: agentEnvironment({}) })
  } finally {
    lock.release()
  }
}
