import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../shared/errors'
import type { AgentSettings } from './config'
import { lockDataFolder } from './data-lock'
import { loadIdentity } from './identity'
import type { AgentLog } from './log'
import { createLocalNode } from './node'
import type { LocalNode } from './node'

/** Beyond the longest grace there is: a kill and its news take a moment. */
const LIMIT_MS = (3_600 + 60) * 1_000

interface Offline {
  settings: AgentSettings
  log: AgentLog
  say: (line: string) => void
}

/**
 * Stops every server of this node as its template says, without a brain. The brain still wants them to run and will start
 * them again when the node is back: who wants them to stay stopped says so in the panel. CONFLICT while an agent works on the folder.
 *
 * @returns false when it is not known of all of them that they ended
 */
export async function stopAll({ settings, log, say }: Offline): Promise<boolean> {
  const lock = await lockDataFolder(settings.dataDir)
  try {
    const node = await openOffline({ settings, log, say })
    if (!node) return true
    const { supervisor } = node
    await supervisor.resume({ andStop: true })
    try {
      return await waitForEnds(node, say)
    } finally {
      await supervisor.close()
    }
  } finally {
    await lock.release()
  }
}

async function waitForEnds({ supervisor }: LocalNode, say: Offline['say']): Promise<boolean> {
  let before = new Map<string, string>()
  const until = performance.now() + LIMIT_MS
  for (;;) {
    const running = supervisor.running()
    const now = new Map(running.map(server => [server.instanceId, server.name]))
    for (const [id, name] of now) if (!before.has(id)) say(`Stopping ${name} …`)
    for (const [id, name] of before) if (!now.has(id)) say(`${name} has stopped.`)
    before = now
    if (running.length === 0) return true
    const stuck = running.find(server => server.reason?.startsWith('Docker does not answer'))
    if (stuck ?? performance.now() > until) {
      for (const server of running) say(`It is not known whether ${server.name} has stopped. ${server.reason ?? ''}`)
      return false
    }
    await delay(100)
  }
}

/** null when this folder never belonged to a node. */
async function openOffline({ settings, log, say }: Offline): Promise<LocalNode | null> {
  const identity = await loadIdentity(settings.dataDir)
  if (!identity) {
    say('This node never joined a brain, so it has no servers.')
    return null
  }
  const layerUrl = () => Promise.reject(new AppError('NODE_UNREACHABLE', 'No layers are fetched without a brain.'))
  const news = { observed() {}, progress() {}, console() {}, stats() {} }
  const network = () => identity.networkId ?? null
  return createLocalNode({
    settings,
    nodeId: identity.nodeId,
    network,
    news,
    layerUrl,
    registryLogin: async () => null,
    onSpecsChanged() {},
    devMode: () => false,
    log,
  })
}
