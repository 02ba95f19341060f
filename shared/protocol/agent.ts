import { z } from 'zod'
import { POLICY } from '../domain/policy'
import {
  entityId,
  portName,
  portNumber,
  protocol,
  sha256,
  templateId,
  templateVersion,
  timestamp,
} from '../schemas/common'
import { instancePort, instanceState, lockedLayer } from '../schemas/instance'
import { cachedLayer, layoutKind, nodeLoad, nodeSpecs, runtimeKind } from '../schemas/node'
import { resolvedRuntime } from '../schemas/runtime'
import { ownFilesSize, runUsage } from '../schemas/usage'

/**
 * Brain ↔ agent over Socket.IO, namespace `/agent`. Every message is parsed where it arrives; both ends
 * dispatch over these maps exhaustively.
 */

/** Socket.IO `auth` of the handshake. Exactly one of `secret` (joined before, with `nodeId`) and `joinToken`. */
export const agentHandshake = z.strictObject({
  nodeId: entityId.optional(),
  secret: z.string().min(20).max(200).optional(),
  joinToken: z.string().min(20).max(200).optional(),
  agentVersion: z.string().min(1).max(64),
  protocolVersion: z.int(),
  /** New for every start of the agent program. */
  agentRunId: z.string().min(8).max(64),
  bootId: z.string().min(1).max(64),
})
export type AgentHandshake = z.output<typeof agentHandshake>

/** What a node needs to prepare and run one instance at one generation. `variables` hold secrets in clear: never log it. */
export const instanceSpec = z.strictObject({
  id: entityId,
  name: z.string(),
  layers: z.array(lockedLayer.extend({ sizeBytes: z.int() })).min(1),
  /** Every value that may be filled in: declared and built-in, defaults resolved. */
  variables: z.record(z.string(), z.string()),
  /** Built-in variables, for the environment of the server. */
  builtins: z.record(z.string(), z.string()),
  runtime: resolvedRuntime,
  ports: z.array(instancePort),
  persistent: z.boolean(),
  /** The example alone: where Docker or its image cannot be had, run it as a process and say so. */
  allowProcessFallback: z.boolean(),
  /** Somebody asked for what the image's name means now: the registry is asked although the image is there. */
  freshImage: z.literal(true).optional(),
})
export type InstanceSpec = z.output<typeof instanceSpec>

const command = z.strictObject({
  commandId: z.string().min(8).max(64),
  instanceId: entityId,
  generation: z.int().nonnegative(),
})

/** Acknowledgement of every brain → agent message. */
export const agentAck = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), data: z.unknown().optional() }),
  z.object({ ok: z.literal(false), code: z.string(), message: z.string() }),
])
export type AgentAck = z.output<typeof agentAck>

export const nodeSettings = z.strictObject({
  devMode: z.boolean(),
  /** The node's name, region and labels as the brain knows them. */
  name: z.string(),
  region: z.string().nullable(),
  tags: z.array(z.string()),
})

/** What a node needs to be known by certificate, and to know its brain. All PEM. */
export const nodeCertificate = z.strictObject({
  certificate: z.string().max(16_384),
  /** Roots by which the brain proves itself; the present one first. */
  authorities: z.array(z.string().max(16_384)).min(1).max(16),
  /** Where the brain takes agents by certificate. */
  url: z.url({ protocol: /^https$/ }),
  /** The brain takes agents no other way. */
  required: z.boolean(),
})
export type NodeCertificate = z.output<typeof nodeCertificate>

export const brainToAgent = {
  'instance.prepare': command.extend({ spec: instanceSpec }),
  'instance.start': command,
  'instance.stop': command,
  'instance.kill': command,
  'instance.destroy': command,
  'instance.input': z.strictObject({ commandId: z.string(), instanceId: entityId, line: z.string() }),
  'instance.watch': z.strictObject({ instanceId: entityId }),
  'instance.unwatch': z.strictObject({ instanceId: entityId }),
  /** Everything the node knows of one instance, to take over one that the brain lost. Answer: `describeAnswer`. */
  'instance.describe': z.strictObject({ instanceId: entityId }),
  /** Answer: `logsAnswer`. */
  'instance.logs': z.strictObject({
    instanceId: entityId,
    tail: z.int().min(1).max(10_000),
    runId: z.string().max(64).optional(),
  }),
  /** Answer: `cacheAnswer`. */
  'cache.list': z.strictObject({}),
  /** Answer: `purgeAnswer`. Empties what is not in use; without `layers` everything. */
  'cache.purge': z.strictObject({
    layers: z.array(z.strictObject({ template: templateId, version: templateVersion.optional() })).optional(),
  }),
  /** Acked at once and does nothing: the brain asks whether this session is alive before it lets another take the identity. */
  'node.ping': z.strictObject({}),
  'node.configure': nodeSettings,
  /** Asks for a request for a certificate, with a new key that never leaves the node. Answer: `certifyAnswer`. */
  'node.certify': z.strictObject({}),
  /** The certificate that was asked for last. Acked when it lies on disk; the agent dials anew where its connection is not by certificate yet. */
  'node.certificate': nodeCertificate,
  /**
   * Become the agent that the brain gives out, of this sha256. Acked when it is begun; the node comes back with the newer program, or
   * with the old one and `specs.program.failure`. CONFLICT where the agent does not update itself.
   */
  'node.update': z.strictObject({ sha256 }),
  /** Asks for the whole truth again (a gap in the sequence). */
  'node.resync': z.strictObject({}),
} as const
export type BrainToAgent = { [Name in keyof typeof brainToAgent]: z.output<(typeof brainToAgent)[Name]> }

/** PKCS #10, PEM. */
export const certifyAnswer = z.object({ request: z.string().max(16_384) })
export const logsAnswer = z.object({ runId: z.string().nullable(), lines: z.array(z.string()), truncated: z.boolean() })
export const cacheAnswer = z.object({ layers: z.array(cachedLayer) })
export const purgeAnswer = z.object({ removedLayers: z.int(), freedBytes: z.number(), keptInUse: z.int() })

/** The states an agent reports. REQUESTED belongs to the brain. */
export const observedState = instanceState.exclude(['REQUESTED'])

export const exitInfo = z.object({
  code: z.int().nullable(),
  signal: z.string().nullable(),
  outOfMemory: z.boolean(),
  at: timestamp,
})

/**
 * What the agent knows of one instance. `seq` grows with every observation of this instance across agent
 * restarts: an older one never replaces a newer one.
 */
export const observation = z.object({
  instanceId: entityId,
  seq: z.int().nonnegative(),
  state: observedState,
  /** The generation that is laid out or runs. */
  generation: z.int().nonnegative().max(1e12),
  runId: z.string().max(64).nullable(),
  /** Short and stable: `command`, `exit.clean`, `exit.crash`, `ready`, `restart`, `adopted`, `engine`, `error` … */
  cause: z.string().max(64),
  /** Who: `system` for commands carried out, `server` for what the server did by itself. */
  actor: z.enum(['system', 'server']),
  /** Code of `shared/errors.ts` and a sentence; for FAILED always, elsewhere when there is something to say. */
  reason: z.object({ code: z.string().max(64), message: z.string().max(2_000) }).nullable(),
  startedAt: timestamp.nullable(),
  exit: exitInfo.nullable(),
  restarts: z.int().nonnegative(),
  runtime: runtimeKind.nullable(),
  layout: layoutKind.nullable(),
  planHash: z.string().max(64).nullable(),
  /** The image as the spec named it, and what names its bytes: `repository@sha256:…`, or its id on this node. */
  image: z.object({ name: z.string().max(600), reference: z.string().max(600) }).optional(),
  /** Set with PORT_TAKEN: which one. */
  takenPort: z.object({ protocol, host: portNumber, name: portName }).nullable(),
  lastLines: z.array(z.string()).max(50),
})
export type Observation = z.output<typeof observation>

/** `spec` holds secrets in clear, as it came with the prepare: never log it. */
export const describeAnswer = z.object({
  spec: instanceSpec,
  /** The newest generation that the node knows of. */
  generation: z.int().nonnegative().max(1e12),
  observation,
})
export type DescribeAnswer = z.output<typeof describeAnswer>

export const nodeReport = z.object({
  specs: nodeSpecs,
  load: nodeLoad,
  /** Sequence number of the report stream of this connection; the next `instance.observed` carries `stream + 1`. */
  stream: z.int().nonnegative(),
  instances: z.array(observation.extend({ name: z.string() })),
})
export type NodeReport = z.output<typeof nodeReport>

export const agentToBrain = {
  'node.report': nodeReport,
  'node.heartbeat': z.object({
    load: nodeLoad,
    engine: nodeSpecs.shape.engine,
    watched: z.int(),
    /** What was measured since the heartbeat before; more waits for the next one. Of instances that are not the node's own nothing is taken. */
    instances: z
      .array(
        z.object({
          instanceId: entityId,
          runId: z.string().max(64).nullable(),
          usage: runUsage.nullable(),
          ownFiles: ownFilesSize.nullable(),
        }),
      )
      .max(POLICY.stats.perHeartbeat)
      .default([]),
  }),
  'instance.observed': z.object({ stream: z.int().nonnegative(), observation }),
  'instance.progress': z.object({
    instanceId: entityId,
    generation: z.int(),
    step: z.enum(['image', 'fetch', 'unpack', 'render', 'mount']),
    doneBytes: z.number(),
    totalBytes: z.number().nullable(),
  }),
  'instance.console': z.object({
    instanceId: entityId,
    runId: z.string(),
    /** Number of the first line within the run; a gap means that lines were cut. */
    from: z.int(),
    lines: z.array(z.string()).max(2_100),
  }),
  'instance.stats': z.object({
    instanceId: entityId,
    at: timestamp,
    /** 1 is one core. */
    cpu: z.number(),
    memoryBytes: z.number(),
    networkRxBytes: z.number().nullable(),
    networkTxBytes: z.number().nullable(),
    diskReadBytes: z.number().nullable().default(null),
    diskWriteBytes: z.number().nullable().default(null),
  }),
  /** Before an image is pulled. Answer: `registryLoginAnswer`. */
  'image.login': z.object({ instanceId: entityId, registry: z.string().min(1).max(255) }),
  /** Answer: `layerUrlAnswer`. */
  'layer.url': z.object({ instanceId: entityId, sha256 }),
} as const
export type AgentToBrain = { [Name in keyof typeof agentToBrain]: z.output<(typeof agentToBrain)[Name]> }

/** Acknowledgement of every agent → brain message. */
export const brainAck = agentAck
export type BrainAck = AgentAck
/**
 * `url` is absolute, or a path of the brain: the agent resolves it against the address by which it reaches the brain, which
 * may be another one than browsers use.
 */
export const layerUrlAnswer = z.object({ url: z.string(), sizeBytes: z.int() })

/** null: nothing is known for this registry. A secret: never logged, never kept on the node. */
export const registryLoginAnswer = z.object({ username: z.string(), password: z.string() }).nullable()

/** Sent by the brain right after the connection is accepted. `secret` only after a join token, once. */
export const welcome = z.object({
  nodeId: entityId,
  secret: z.string().nullable(),
  /** Which network the node belongs to: two of them on one Docker Engine must not take each other's containers for their own. */
  networkId: entityId.optional(),
  settings: nodeSettings,
})
export type Welcome = z.output<typeof welcome>
/** The one event beside the maps: brain → agent, with an ack, before anything else. */
export const WELCOME = 'node.welcome'
