import { z } from 'zod'
import { displayName, entityId, label, labels, sha256, templateId, templateVersion, timestamp } from './common'
import { nodeSecurity } from './tls'

/** `pending`: never joined. `online`, `suspect`, `offline`: by the time since its last sign of life. */
export const nodeContact = z.enum(['pending', 'online', 'suspect', 'offline'])
export type NodeContact = z.output<typeof nodeContact>

export const runtimeKind = z.enum(['docker', 'process'])
export type RuntimeKind = z.output<typeof runtimeKind>
export const layoutKind = z.enum(['overlay', 'copy'])
export type LayoutKind = z.output<typeof layoutKind>

/** The agent as a program on its machine. */
export const agentProgram = z.object({
  sha256,
  /** `container`: updated with its image. `elsewhere`: by whoever started it, such as `npm start`. */
  updates: z.enum(['self', 'container', 'elsewhere']),
  /** The last update that was taken back: to which program, and why. */
  failure: z.object({ sha256, message: z.string().max(2_000) }).nullable(),
})
export type AgentProgram = z.output<typeof agentProgram>

/** Labels of a node, such as `disk=ssd`: a server may ask for some of them. */
export const labelMap = z.record(label, label).refine(map => Object.keys(map).length <= 32, 'at most 32 labels')
export type LabelMap = z.output<typeof labelMap>

/** What players type to reach a machine: a host name or an IP address, IPv6 without its brackets. */
export const publicAddress = z
  .string()
  .trim()
  .max(253)
  .overwrite(text => (/^\[.*\]$/.test(text) ? text.slice(1, -1) : text))
  .refine(
    text => z.ipv4().safeParse(text).success || z.ipv6().safeParse(text).success || isHostName(text),
    'a host name or an IP address, without a port',
  )
  .refine(text => text !== '0.0.0.0' && !/^[0:]+$/.test(text), 'nobody can connect to "every address": say which one')

/** Labels of letters, digits and dashes; the last one is no number, or it would be an IP address gone wrong. */
function isHostName(text: string): boolean {
  return /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?$/i.test(text)
}

/** How the address of a machine was found: said in its settings, the one its ports are bound on, on a network card, or only itself. */
export const addressSource = z.enum(['settings', 'bind', 'card', 'loopback'])

/** What a machine has and is, as its agent sees it. */
export const nodeSpecs = z.object({
  hostname: z.string(),
  os: z.string(),
  arch: z.string(),
  cpus: z.number(),
  memoryBytes: z.number(),
  agentVersion: z.string(),
  /** Left out by agents of protocol 1. */
  program: agentProgram.optional(),
  protocolVersion: z.int(),
  bootId: z.string(),
  runtime: runtimeKind,
  layout: layoutKind,
  /** Why it is `copy` although nobody asked for that; null: it is as it should be. */
  layoutNotice: z.string().nullable().optional(),
  engine: z.object({ available: z.boolean(), version: z.string().nullable(), message: z.string().nullable() }),
  /** Range of host ports for instances, ends included. */
  ports: z.object({ from: z.int(), to: z.int() }),
  address: z.string(),
  addressSource: addressSource.optional(),
  /** Addresses of the machine, separated by commas. */
  publicBind: z.string(),
  privateBind: z.string(),
  maxInstances: z.int().nullable(),
  /** As the machine's own settings say; what the brain knows of the node comes first. */
  region: z.string().nullable().optional(),
  tags: z.array(z.string()).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  /** Kept for the host and never given to instances. */
  reserve: z.object({ memoryBytes: z.number(), cpus: z.number(), diskBytes: z.number() }),
})
export type NodeSpecs = z.output<typeof nodeSpecs>

/** Load at one moment; sent with every heartbeat, never stored. */
export const nodeLoad = z.object({
  at: timestamp,
  /** Share of all cores in use, 0 to 1. */
  cpu: z.number(),
  memoryUsedBytes: z.number(),
  diskTotalBytes: z.number(),
  diskFreeBytes: z.number(),
  cache: z.object({ layers: z.int(), bytes: z.number(), hits: z.int(), misses: z.int() }),
})
export type NodeLoad = z.output<typeof nodeLoad>

/** Ports below 1024 are the system's. */
const rangePort = z.int().min(1024).max(65_535)

/**
 * What an admin set in the panel over the machine's own settings. What is null, or left out, is as the machine says. They count
 * when servers are placed from then on; what is placed already stays where and as it is.
 */
export const nodeOverrides = z
  .strictObject({
    address: publicAddress.nullable(),
    ports: z
      .strictObject({ from: rangePort, to: rangePort })
      .refine(range => range.from <= range.to, 'the first port is above the last')
      .nullable(),
    maxInstances: z.int().min(0).max(100_000).nullable(),
    reserve: z
      .strictObject({
        memoryBytes: z
          .int()
          .min(0)
          .max(2 ** 50)
          .nullable(),
        cpus: z.number().min(0).max(65_536).nullable(),
        diskBytes: z
          .int()
          .min(0)
          .max(2 ** 53 - 1)
          .nullable(),
      })
      .partial(),
  })
  .partial()
export type NodeOverrides = z.output<typeof nodeOverrides>

/** How the agent of a node stands to the one that this brain gives out. */
export const agentStanding = z.object({
  /** `outdated`: another program than the brain's; `unknown`: this brain has none to compare with. */
  state: z.enum(['current', 'outdated', 'updating', 'unknown']),
  /** `rejoin`: too old to update itself; a new join command brings the newer one. */
  updates: z.enum([...agentProgram.shape.updates.options, 'rejoin']),
  /** Why the last update to the brain's program did not come to be. */
  failure: z.string().nullable(),
})
export type AgentStanding = z.output<typeof agentStanding>

export const node = z.object({
  id: entityId,
  name: displayName,
  region: z.string().nullable(),
  tags: z.array(z.string()),
  contact: nodeContact,
  /** Set while suspect or offline. */
  unreachableSince: timestamp.nullable(),
  lastSeenAt: timestamp.nullable(),
  joinedAt: timestamp.nullable(),
  createdAt: timestamp,
  devMode: z.boolean(),
  schedulable: z.boolean(),
  local: z.boolean(),
  labels: labelMap,
  /** As they count: what is set in the panel over what the machine says. */
  specs: nodeSpecs.nullable(),
  /** What is set in the panel. */
  overrides: nodeOverrides,
  /** The same settings as the machine says them by itself, and what counts where the panel sets nothing. */
  machine: nodeSpecs
    .pick({ ports: true, maxInstances: true, reserve: true })
    .extend({ address: z.string() })
    .nullable(),
  /** Where the address in `specs` comes from; `observed`: whence its agent dialled. */
  addressSource: z.enum(['panel', 'observed', ...addressSource.options]).nullable(),
  /** Null before it has joined. */
  agent: agentStanding.nullable(),
  load: nodeLoad.nullable(),
  /** Promised to servers. Of disk, too, that is a promise when a place is looked for: nothing stops a server from writing more. */
  reserved: z.object({ memoryBytes: z.number(), cpus: z.number(), diskBytes: z.number() }),
  instances: z.object({ total: z.int(), running: z.int() }),
  security: nodeSecurity,
  /** Instances that only the node knows of: shown, adoptable, never removed by themselves. */
  found: z.array(z.object({ instanceId: z.string(), name: z.string(), state: z.string() })),
})
export type Node = z.output<typeof node>

export const createNodeBody = z.strictObject({
  name: displayName,
  region: label.optional(),
  tags: labels.optional(),
  labels: labelMap.optional(),
})
/** What a machine needs to become a node. Told once. */
export const joinInvitation = z.object({
  joinToken: z.string(),
  expiresAt: timestamp,
  /** One line for the machine's shell: it uses Node where there is one, else Docker. */
  joinCommand: z.string(),
  /** The same, said which. */
  joinCommands: z.object({ node: z.string(), docker: z.string() }),
})
export type JoinInvitation = z.output<typeof joinInvitation>
export const createNodeAnswer = joinInvitation.extend({ node })
export const patchNodeBody = z
  .strictObject({
    devMode: z.boolean(),
    schedulable: z.boolean(),
    name: displayName,
    region: label.nullable(),
    tags: labels,
    labels: labelMap,
    ...nodeOverrides.shape,
  })
  .partial()

/** `name`: another one than it had, when that is taken meanwhile. */
export const adoptBody = z.strictObject({ instanceId: entityId, name: displayName.optional() })

export const cachedLayer = z.object({
  sha256,
  template: z.string(),
  version: z.string(),
  bytes: z.number(),
  files: z.int(),
  lastUsedAt: timestamp,
  inUseBy: z.array(z.string()),
})
export type CachedLayer = z.output<typeof cachedLayer>
export const nodeCache = z.object({ layers: z.array(cachedLayer), bytes: z.number(), inUseBytes: z.number() })
export type NodeCache = z.output<typeof nodeCache>
export const purgeCacheBody = z.strictObject({
  templates: z
    .array(z.strictObject({ id: templateId, version: templateVersion.optional() }))
    .max(500)
    .optional(),
})
