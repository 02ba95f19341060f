import type { AgentSettings } from './config'
import { loadIdentity } from './identity'
import { RecordStore } from './record'
import { DockerRuntime } from './runtime/docker'
import { ProcessRuntime } from './runtime/process'

/**
 * Names of the servers of this node that run right now. Reads records and asks the runtimes; changes nothing, so it
 * works beside a running agent. A server whose engine does not answer counts as running: nothing else is known of it.
 */
export async function listRunning(settings: AgentSettings): Promise<string[]> {
  const { dataDir, owner, isRoot } = settings
  const identity = await loadIdentity(dataDir)
  if (!identity) return []
  const runtimes = {
    docker: new DockerRuntime({
      address: settings.dockerHost,
      nodeId: identity.nodeId,
      network: () => identity.networkId ?? null,
      owner,
      dataDir,
    }),
    process: new ProcessRuntime({ dataDir, owner, isRoot }),
  }
  const { records } = await new RecordStore(dataDir).load()
  const names: string[] = []
  for (const { instanceId, run, home, spec } of records) {
    if (!run || !home) continue
    const state = await runtimes[home.runtime].look(instanceId).then(
      status => status?.state,
      () => 'running' as const,
    )
    if (state === 'running' || state === 'paused') names.push(spec.name)
  }
  return names
}
