import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { io, type Socket } from 'socket.io-client'
import { z } from 'zod'
import { POLICY } from '../../shared/domain/policy'
import {
  brainAck,
  brainToAgent,
  layerUrlAnswer,
  WELCOME,
  welcome,
  type AgentHandshake,
  type AgentToBrain,
  type BrainAck,
  type BrainToAgent,
  type Welcome,
} from '../../shared/protocol/agent'
import { PROTOCOL_VERSION } from '../../shared/protocol/version'
import type { NodeSpecs } from '../../shared/schemas/node'
import { NORMAL, type FakeBehaviour } from './fake-behaviour'
import { FakeInstance } from './fake-instance'
import { fakeLoad, fakeSpecs } from './fake-machine'
import { createFakeStream } from './fake-stream'
import { measureFakes } from './fake-usage'

export interface FakeAgentOptions {
  brainUrl: string
  /** Used while there is no identity. */
  joinToken?: string
  /** Of an agent that joined before. */
  identity?: FakeIdentity
  /** The same one again: the same agent, come back. */
  agentRunId?: string
  behaviour?: Partial<FakeBehaviour>
  specs?: Partial<NodeSpecs>
  heartbeatMs?: number
  /** False: connects once, and a lost connection stays lost. */
  reconnects?: boolean
  /** Replaces fields of the handshake, for wrong ones. */
  handshake?: Record<string, unknown>
}

export interface FakeIdentity {
  nodeId: string
  secret: string
}

/** The brain did not let the agent in. */
export class FakeRefusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

export type FakeAgent = ReturnType<typeof createFakeAgent>

function isKnown(name: string): name is keyof BrainToAgent {
  return Object.hasOwn(brainToAgent, name)
}

const refusalData = z.object({ data: z.object({ code: z.string(), message: z.string() }) })

/**
 * Speaks the whole protocol of an agent and does nothing behind it. Hundreds fit in one process. It parses what it
 * gets, so it also proves that the brain sends what the protocol says.
 */
export function createFakeAgent(options: FakeAgentOptions) {
  const behaviour: FakeBehaviour = { ...NORMAL, ...options.behaviour }
  const specs = fakeSpecs(options.specs)
  const agentRunId = options.agentRunId ?? randomUUID()
  const instances = new Map<string, FakeInstance>()
  const received: { name: string; payload: unknown }[] = []
  const refusals: Extract<BrainAck, { ok: false }>[] = []
  let identity = options.identity ?? null
  let settings: Welcome['settings'] | null = null
  let stream = 0
  let ends = false
  let heartbeat: NodeJS.Timeout | undefined
  let answersWelcome: (() => void) | undefined

  const socket: Socket = io(`${options.brainUrl}/agent`, {
    transports: ['websocket'],
    autoConnect: false,
    forceNew: true,
    reconnection: options.reconnects ?? true,
    reconnectionDelay: POLICY.agent.reconnectMinMs,
    reconnectionDelayMax: POLICY.agent.reconnectMaxMs,
    auth: give => give({ ...createHandshake(), ...options.handshake }),
  })
  const output = createFakeStream({ behaviour, instances, send: (name, payload) => void say(name, payload) })

  function createHandshake(): AgentHandshake {
    const credentials = identity ?? (options.joinToken ? { joinToken: options.joinToken } : {})
    return {
      ...credentials,
      agentVersion: specs.agentVersion,
      protocolVersion: PROTOCOL_VERSION,
      agentRunId,
      bootId: specs.bootId,
    }
  }

  /** Sends one message; resolves to the brain's answer, or to undefined when the connection is away or silent. */
  async function say<Name extends keyof AgentToBrain>(
    name: Name,
    payload: AgentToBrain[Name],
  ): Promise<BrainAck | undefined> {
    if (behaviour.isSilent || !socket.connected) return undefined
    // A lost answer is not told apart from a lost message: the next report has the whole truth.
    return sayRaw(name, payload).catch(() => undefined)
  }

  async function sayRaw(name: string, ...args: unknown[]): Promise<BrainAck> {
    const answer = brainAck.parse(await socket.timeout(POLICY.channel.ackMs).emitWithAck(name, ...args))
    if (!answer.ok) refusals.push(answer)
    return answer
  }

  async function report(): Promise<void> {
    const truth = [...instances.values()].filter(instance => instance.observation.state !== 'DESTROYED')
    await say('node.report', {
      specs,
      load: fakeLoad(cachedLayers().length),
      stream,
      instances: truth.map(instance => ({ ...instance.observation, name: instance.spec?.name ?? instance.id })),
    })
  }

  function cachedLayers() {
    const layers = [...instances.values()].flatMap(instance =>
      (instance.spec?.layers ?? []).map(layer => ({ layer, usedBy: instance.id })),
    )
    return [...Map.groupBy(layers, ({ layer }) => layer.sha256)].map(([sha256, users]) => ({
      sha256,
      template: users[0]?.layer.template ?? '',
      version: users[0]?.layer.version ?? '',
      bytes: users[0]?.layer.sizeBytes ?? 0,
      files: 1,
      lastUsedAt: Date.now(),
      inUseBy: users.map(({ usedBy }) => usedBy),
    }))
  }

  function instanceOf(id: string): FakeInstance {
    const known = instances.get(id)
    if (known) return known
    const made = new FakeInstance(id, {
      behaviour,
      fetchLayers: async spec => {
        if (!behaviour.asksForLayers) return
        for (const { sha256 } of spec.layers) {
          const answer = await say('layer.url', { instanceId: id, sha256 })
          if (answer?.ok) layerUrlAnswer.parse(answer.data)
          else throw Object.assign(new Error('no address'), { code: answer?.code ?? 'DOWNLOAD_FAILED' })
        }
      },
      progress: (generation, doneBytes, totalBytes) =>
        void say('instance.progress', { instanceId: id, generation, step: 'fetch', doneBytes, totalBytes }),
      observed: observation => {
        stream++
        void say('instance.observed', { stream, observation })
      },
      printed: () => output.flush(id),
    })
    instances.set(id, made)
    return made
  }

  /** Accepts a lifecycle command unless a newer one was seen. */
  function command(
    payload: BrainToAgent['instance.start'],
    act: (instance: FakeInstance) => void,
    creates = false,
  ): BrainAck {
    if (behaviour.refuse) return { ok: false, code: behaviour.refuse, message: 'The fake agent was told to refuse.' }
    if (!creates && !instances.has(payload.instanceId))
      return { ok: false, code: 'NOT_FOUND', message: 'The fake agent does not hold this instance.' }
    const instance = instanceOf(payload.instanceId)
    if (payload.generation < instance.observation.generation)
      return { ok: false, code: 'STALE_COMMAND', message: 'A newer wish was seen.' }
    act(instance)
    return { ok: true }
  }

  const dispatch: { [Name in keyof BrainToAgent]: (payload: BrainToAgent[Name]) => BrainAck | Promise<BrainAck> } = {
    'instance.prepare': payload =>
      command(payload, instance => instance.prepare(payload.generation, payload.spec), true),
    'instance.start': payload => command(payload, instance => instance.start()),
    'instance.stop': payload => command(payload, instance => instance.stop()),
    'instance.kill': payload => command(payload, instance => instance.stop('kill')),
    'instance.destroy': payload => command(payload, instance => instance.destroy(), true),
    'instance.input': ({ instanceId, line }) => {
      const instance = instances.get(instanceId)
      if (instance?.observation.state !== 'RUNNING')
        return { ok: false, code: 'INSTANCE_NOT_RUNNING', message: 'The fake server does not run.' }
      instance.print(`> ${line}`)
      return { ok: true }
    },
    'instance.watch': ({ instanceId }) => {
      output.watch(instanceId)
      return { ok: true }
    },
    'instance.unwatch': ({ instanceId }) => {
      output.unwatch(instanceId)
      return { ok: true }
    },
    'instance.describe': ({ instanceId }) => {
      const { spec, observation } = instances.get(instanceId) ?? {}
      if (!spec || !observation) return { ok: false, code: 'NOT_FOUND', message: 'The fake agent does not hold it.' }
      return { ok: true, data: { spec, generation: observation.generation, observation } }
    },
    'instance.logs': ({ instanceId, tail, runId }) => {
      const instance = instances.get(instanceId)
      if (runId !== undefined && runId !== instance?.observation.runId)
        return { ok: true, data: { runId: null, lines: [], truncated: false } }
      return {
        ok: true,
        data: {
          runId: instance?.observation.runId ?? null,
          lines: instance?.lines.slice(-tail) ?? [],
          truncated: false,
        },
      }
    },
    'cache.list': () => ({ ok: true, data: { layers: cachedLayers() } }),
    'cache.purge': () => ({ ok: true, data: { removedLayers: 0, freedBytes: 0, keptInUse: cachedLayers().length } }),
    'node.ping': () => ({ ok: true }),
    'node.configure': wanted => {
      settings = wanted
      return { ok: true }
    },
    'node.certify': () => ({ ok: false, code: 'CONFLICT', message: 'The fake agent takes no certificate.' }),
    'node.certificate': () => ({ ok: false, code: 'CONFLICT', message: 'The fake agent takes no certificate.' }),
    'node.update': () => ({ ok: false, code: 'CONFLICT', message: 'The fake agent does not update itself.' }),
    'node.resync': () => {
      void report()
      return { ok: true }
    },
  }

  async function handle<Name extends keyof BrainToAgent>(name: Name, raw: unknown): Promise<BrainAck> {
    const schemas: { [Each in keyof BrainToAgent]: z.ZodType<BrainToAgent[Each]> } = brainToAgent
    const payload = schemas[name].safeParse(raw)
    if (!payload.success) return { ok: false, code: 'MESSAGE_INVALID', message: payload.error.message }
    return dispatch[name](payload.data)
  }

  async function greet(raw: unknown): Promise<BrainAck> {
    const message = welcome.parse(raw)
    if (message.secret) identity = { nodeId: message.nodeId, secret: message.secret }
    settings = message.settings
    output.forget()
    setImmediate(() => {
      answersWelcome?.()
      void report().then(beat)
    })
    return { ok: true }
  }

  function beat(): void {
    clearTimeout(heartbeat)
    if (ends) return
    const every = options.heartbeatMs ?? POLICY.agent.heartbeatMs
    heartbeat = setTimeout(
      () => {
        void say('node.heartbeat', {
          load: fakeLoad(cachedLayers().length),
          engine: specs.engine,
          watched: output.watched(),
          instances: measureFakes(instances),
        }).then(beat, beat)
      },
      every * (1 + POLICY.agent.heartbeatJitter * (2 * Math.random() - 1)),
    )
  }

  async function answer(name: string, payload: unknown): Promise<BrainAck | undefined> {
    received.push({ name, payload })
    if (behaviour.isSilent) return undefined
    if (behaviour.slowMs > 0) await delay(behaviour.slowMs)
    if (name === WELCOME) return greet(payload)
    if (isKnown(name)) return handle(name, payload)
    return { ok: false, code: 'MESSAGE_INVALID', message: `The fake agent knows no message ${name}.` }
  }

  socket.onAny((name: string, payload: unknown, acknowledge?: (ack: BrainAck) => void) => {
    void answer(name, payload).then(ack => {
      if (ack) acknowledge?.(ack)
    })
  })
  // The client library dials again after a lost line, but not after a refusal.
  socket.on('connect_error', () => {
    if (socket.active || ends || options.reconnects === false) return
    setTimeout(() => {
      if (!ends) socket.connect()
    }, POLICY.agent.reconnectMinMs).unref()
  })
  socket.on('disconnect', () => {
    clearTimeout(heartbeat)
    stream = 0
  })

  return {
    behaviour,
    agentRunId,
    socket,
    instances,
    /** Every message of the brain, in order. */
    received,
    /** Every answer of the brain that was a refusal. */
    refusals,
    identity: () => identity,
    settings: () => settings,
    watched: () => output.watched(),
    say,
    /** Whatever is given, under whatever name. */
    sayRaw,
    report,
    /** Resolves when the brain's welcome was answered; rejects with FakeRefusal when the brain refuses the handshake. */
    connect: () =>
      new Promise<void>((resolve, reject) => {
        answersWelcome = resolve
        socket.once('connect_error', error => {
          const refused = refusalData.safeParse(error)
          reject(refused.success ? new FakeRefusal(refused.data.data.code, refused.data.data.message) : error)
        })
        socket.connect()
      }),
    /** The line is cut as by a power failure; it dials again by itself. */
    dropConnection: () => socket.io.engine.close(),
    async close() {
      ends = true
      clearTimeout(heartbeat)
      output.forget()
      for (const instance of instances.values()) instance.endLife()
      socket.disconnect()
    },
  }
}
