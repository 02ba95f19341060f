import { setImmediate as nextTurn } from 'node:timers/promises'
import { createInstanceStore } from '../../server/db/stores/instances'
import { createScopeVariableStore } from '../../server/db/stores/scope-variables'
import { createNodeStore } from '../../server/db/stores/nodes'
import { createRegistryLoginStore } from '../../server/db/stores/registries'
import { createTemplateStore } from '../../server/db/stores/templates'
import { createIds } from '../../server/brain/ids'
import type { AgentLink, LayerSource } from '../../server/ports'
import { createFleet } from '../../server/services/fleet'
import { AppError } from '../../shared/errors'
import type { AgentAck, Observation } from '../../shared/protocol/agent'
import { PROTOCOL_VERSION } from '../../shared/protocol/version'
import type { Actor } from '../../shared/schemas/event'
import type { CreateInstance } from '../../shared/schemas/instance'
import type { Manifest } from '../../shared/schemas/manifest'
import type { NodeSpecs } from '../../shared/schemas/node'
import { makeObservation } from '../factories/agent-messages'
import { makeVersion } from '../factories/template-version'
import { fakeLoad, fakeSpecs } from '../fakes/fake-machine'
import { openTestDatabase } from './database'

const ADA: Actor = { kind: 'user', id: 'u1', name: 'ada' }

/** Everything turns in a few turns of the event loop, since nothing here waits for a network. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn()
}

/**
 * The fleet of a brain over a database in memory: its clock stands still until it is moved, and whoever would be on
 * the other end of the line is what `answers` says. Timers of the fleet run only when the test moves the clock.
 */
export async function startQuietFleet(database = openTestDatabase()) {
  const time = { wall: 1_800_000_000_000, monotonic: 0 }
  const clock = { now: () => time.wall, monotonic: () => time.monotonic }
  const sent: { name: string; generation: number | null }[] = []
  const told: string[] = []
  const connected = new Set<string>()
  const answers = { to: async (_name: string): Promise<AgentAck> => ({ ok: true }) }
  const manifest: { current: Manifest } = {
    current: { runtime: { image: 'none', ports: [{ name: 'game', protocol: 'udp', expose: 'public' }] } },
  }

  const link: AgentLink = {
    isConnected: nodeId => connected.has(nodeId),
    connectedNodes: () => [...connected],
    async send(nodeId, name, payload) {
      if (!connected.has(nodeId)) throw new AppError('NODE_UNREACHABLE', 'No connection.')
      sent.push({ name, generation: 'generation' in payload ? payload.generation : null })
      return answers.to(name)
    },
    disconnect: nodeId => void connected.delete(nodeId),
  }
  const version = makeVersion({ template: 'base' })
  const locked = { template: 'base', version: '1', type: version.type, sha256: version.sha256 }
  const layers: LayerSource = {
    lock: async list => list.map(() => locked),
    manifests: async list => list.map(layer => ({ layer, sizeBytes: 1, manifest: manifest.current })),
    load: () => Promise.reject(new Error('not needed')),
    signedUrl: async sha256 => ({ url: `http://127.0.0.1/${sha256}`, sizeBytes: 1 }),
  }
  await createTemplateStore(database.db).publish(version, 'latest')
  const instances = createInstanceStore(database.db)
  const problems: unknown[] = []
  const quiet = () => {}

  const make = () =>
    createFleet({
      instances,
      nodes: createNodeStore(database.db),
      variables: createScopeVariableStore(database.db),
      layers,
      registryLogins: createRegistryLoginStore(database.db),
      secrets: { seal: plain => `sealed:${plain}`, open: sealed => sealed.slice('sealed:'.length) },
      operations: { run: () => Promise.reject(new Error('not needed')) },
      audit: { record: async () => {} },
      link,
      panel: { publish: name => void told.push(name), endSessions: () => {} },
      clock,
      ids: createIds(clock),
      log: { debug: quiet, info: quiet, warn: quiet, error: facts => void problems.push(facts) },
      networkId: 'net-test',
      watch: { committed() {}, crashed() {}, forgetNode() {} },
      trust: {
        mode: 'off',
        authority: () => null,
        agentUrl: () => Promise.reject(new Error('not needed')),
        authorityChanged: async () => {},
      },
      agentFiles: { agentSha256: async () => null, joinScriptSha256: async () => null },
      agentUpdates: 'manual',
    })
  let fleet = make()
  await fleet.start()
  const seqs = new Map<string, number>()

  const bench = {
    instances,
    sent,
    told,
    answers,
    manifest,
    time,
    /** What went wrong inside and was only logged. */
    problems,
    settled,
    get fleet() {
      return fleet
    },

    async addNode(name: string, specs: Partial<NodeSpecs> = {}): Promise<string> {
      const { node, joinToken } = await fleet.nodes.create(
        { name },
        { brainUrl: new URL('http://127.0.0.1'), authority: null },
      )
      await fleet.agentEvents.admit(
        { joinToken, agentVersion: '1', protocolVersion: PROTOCOL_VERSION, agentRunId: 'agent-run', bootId: 'boot' },
        '127.0.0.1',
      )
      await bench.connect(node.id, [], specs)
      return node.id
    },
    /** A new connection and the whole truth over it. */
    async connect(nodeId: string, truth: Observation[] = [], specs: Partial<NodeSpecs> = {}) {
      connected.add(nodeId)
      await fleet.agentEvents.connected(nodeId, true)
      await bench.report(nodeId, truth, specs)
    },
    async report(nodeId: string, truth: Observation[], specs: Partial<NodeSpecs> = {}) {
      const named = truth.map(observation => ({ ...observation, name: observation.instanceId }))
      await fleet.agentEvents.report(nodeId, {
        specs: fakeSpecs(specs),
        load: fakeLoad(0),
        stream: 0,
        instances: named,
      })
      await settled()
    },
    async disconnect(nodeId: string) {
      connected.delete(nodeId)
      await fleet.agentEvents.disconnected(nodeId)
      await settled()
    },
    /** The node says this of an instance, numbered on. */
    async observe(nodeId: string, instanceId: string, change: Partial<Observation>): Promise<Observation> {
      const seq = (seqs.get(instanceId) ?? 0) + 1
      seqs.set(instanceId, seq)
      const observation = makeObservation(instanceId, { seq, cause: 'command', actor: 'system', ...change })
      await fleet.agentEvents.observed(nodeId, observation)
      await settled()
      return observation
    },
    async create(input: Partial<CreateInstance> = {}): Promise<string> {
      const { id } = await fleet.instances.create(ADA, {
        name: 'lobby',
        layers: [{ template: 'base' }],
        persistent: true,
        desired: 'running',
        ...input,
      })
      await settled()
      return id
    },
    press: async (act: 'start' | 'stop' | 'restart' | 'kill' | 'retry' | 'destroy', id: string) => {
      await fleet.instances[act](ADA, id)
      await settled()
    },
    /** Lifecycle commands since the last time, oldest first: `start 3`. */
    takeCommands(): string[] {
      const taken = sent.splice(0)
      return taken.map(
        ({ name, generation }) => `${name.replace('instance.', '')}${generation === null ? '' : ` ${generation}`}`,
      )
    },
    find: async (id: string) => {
      const record = await instances.find(id)
      if (!record) throw new Error(`no instance ${id}`)
      return record
    },
    events: async (id: string) => (await instances.events(id, { limit: 100 })).items.reverse(),
    /** The brain dies and starts again over the same database. */
    async restart() {
      await fleet.stop()
      connected.clear()
      fleet = make()
      await fleet.start()
    },
    async close() {
      await fleet.stop()
      database.close()
    },
  }
  return bench
}

export type QuietFleet = Awaited<ReturnType<typeof startQuietFleet>>
