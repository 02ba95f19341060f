import { AppError } from '../../shared/errors'
import type { AgentHandshake, AgentToBrain, NodeReport, Observation } from '../../shared/protocol/agent'
import type { AgentEvents, NodeAdmission } from '../../server/ports'

type Call = { [Name in keyof AgentEvents]: { name: Name; args: Parameters<AgentEvents[Name]> } }[keyof AgentEvents]

/**
 * The services behind the gateway, as far as it calls them: knows nodes and owners from memory and writes down every call.
 */
export function createRecordingAgentEvents() {
  const secrets = new Map<string, string>()
  const joinTokens = new Map<string, string>()
  const owners = new Map<string, string>()
  const calls: Call[] = []
  const listeners = new Set<() => void>()
  /** Runs before a call is answered; throws to make it fail, waits to make it slow. */
  const faults: Partial<Record<keyof AgentEvents, () => void | Promise<void>>> = {}

  async function called(call: Call): Promise<void> {
    calls.push(call)
    for (const listener of listeners) listener()
    await faults[call.name]?.()
  }

  const events: AgentEvents = {
    async admit(handshake: AgentHandshake, address): Promise<NodeAdmission> {
      await called({ name: 'admit', args: [handshake, address] })
      const { nodeId, secret, joinToken } = handshake
      const joining = joinToken && joinTokens.get(joinToken)
      if (joinToken && joining) {
        joinTokens.delete(joinToken)
        const made = `${joining}-secret-`.padEnd(32, 'x')
        secrets.set(joining, made)
        return { nodeId: joining, secret: made }
      }
      if (nodeId && secret && secrets.get(nodeId) === secret) return { nodeId, secret: null }
      throw new AppError('HANDSHAKE_REFUSED', 'The credentials are not good.')
    },
    networkId: () => 'net-test',
    settings: async nodeId => ({ devMode: false, name: nodeId, region: null, tags: [] }),
    connected: (nodeId, tookSecret) => called({ name: 'connected', args: [nodeId, tookSecret] }),
    disconnected: nodeId => called({ name: 'disconnected', args: [nodeId] }),
    touched: nodeId => void called({ name: 'touched', args: [nodeId] }),
    report: (nodeId, report: NodeReport) => called({ name: 'report', args: [nodeId, report] }),
    heartbeat: (nodeId, beat) => called({ name: 'heartbeat', args: [nodeId, beat] }),
    owns: async (nodeId, instanceId) => owners.get(instanceId) === nodeId,
    observed: (nodeId, observation: Observation) => called({ name: 'observed', args: [nodeId, observation] }),
    progress: (nodeId, progress: AgentToBrain['instance.progress']) =>
      called({ name: 'progress', args: [nodeId, progress] }),
    async printed(instanceId, lines) {
      await called({ name: 'printed', args: [instanceId, lines] })
      return lines
    },
    async layerUrl(nodeId, instanceId, sha256) {
      await called({ name: 'layerUrl', args: [nodeId, instanceId, sha256] })
      return { url: `http://127.0.0.1/layers/${sha256}`, sizeBytes: 1 }
    },
    async registryLogin(nodeId, instanceId, registry) {
      await called({ name: 'registryLogin', args: [nodeId, instanceId, registry] })
      return null
    },
    refused: where => called({ name: 'refused', args: [where] }),
  }

  function of<Name extends keyof AgentEvents>(name: Name): Parameters<AgentEvents[Name]>[] {
    return calls.flatMap(call => (call.name === name ? [call.args as Parameters<AgentEvents[Name]>] : []))
  }

  return {
    events,
    calls,
    faults,
    owners,
    /** The arguments of every call of one kind, in order. */
    of,
    refusals: () => of('refused').map(([where]) => where),
    /** A node that joined before. */
    addNode(nodeId: string) {
      const secret = `${nodeId}-secret-`.padEnd(32, 'x')
      secrets.set(nodeId, secret)
      return { nodeId, secret }
    },
    removeNode: (nodeId: string) => void secrets.delete(nodeId),
    addJoinToken(nodeId: string) {
      const token = `${nodeId}-token-`.padEnd(32, 'x')
      joinTokens.set(token, nodeId)
      return token
    },
    /** Resolves when `holds` does; looked at after every call. */
    until: (holds: () => boolean) =>
      new Promise<void>(resolve => {
        const look = () => {
          if (!holds()) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        look()
      }),
  }
}
