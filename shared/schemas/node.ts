import { z } from 'zod'
import { displayName, entityId, label, labels, sha256, templateId, templateVersion, timestamp } from './common'

/** `pending`: never joined. `online`, `suspect`, `offline`: by the time since its last sign of life. */
export const nodeContact = z.enum(['pending', 'online', 'suspect', 'offline'])
export type NodeContact = z.output<typeof nodeContact>

export const runtimeKind = z.enum(['docker', 'process'])
export type RuntimeKind = z.output<typeof runtimeKind>
export const layoutKind = z.enum(['overlay', 'copy'])
export type LayoutKind = z.output<typeof layoutKind>

/** What a machine has and is, as its agent sees it. */
export const nodeSpecs = z.object({
  hostname: z.string(),
  os: z.string(),
  arch: z.string(),
  cpus: z.number(),
  memoryBytes: z.number(),
  agentVersion: z.string(),
  protocolVersion: z.int(),
  bootId: z.string(),
  runtime: runtimeKind,
  layout: layoutKind,
  engine: z.object({ available: z.boolean(), version: z.string().nullable(), message: z.string().nullable() }),
  /** Range of host ports for instances, ends included. */
  ports: z.object({ from: z.int(), to: z.int() }),
  address: z.string(),
  publicBind: z.string(),
  privateBind: z.string(),
  maxInstances: z.int().nullable(),
  /** As the machine's own settings say; what the brain knows of the node comes first. */
  region: z.string().nullable().optional(),
  tags: z.array(z.string()).optional(),
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
  specs: nodeSpecs.nullable(),
  load: nodeLoad.nullable(),
  reserved: z.object({ memoryBytes: z.number(), cpus: z.number() }),
  instances: z.object({ total: z.int(), running: z.int() }),
  /** Instances that only the node knows of: shown, adoptable later, never removed by themselves. */
  found: z.array(z.object({ instanceId: z.string(), name: z.string(), state: z.string() })),
})
export type Node = z.output<typeof node>

export const createNodeBody = z.strictObject({
  name: displayName,
  region: label.optional(),
  tags: labels.optional(),
})
export const createNodeAnswer = z.object({ node, joinToken: z.string(), joinCommand: z.string() })
export const patchNodeBody = z
  .strictObject({
    devMode: z.boolean(),
    schedulable: z.boolean(),
    name: displayName,
    region: label.nullable(),
    tags: labels,
  })
  .partial()

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
