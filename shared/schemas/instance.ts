import { z } from 'zod'
import {
  description,
  displayName,
  entityId,
  label,
  labels,
  pageQuery,
  portName,
  portNumber,
  protocol,
  sha256,
  tagName,
  templateId,
  templateVersion,
  timestamp,
  variables,
  wholeNumber,
} from './common'
import { DESIRED_STATES, INSTANCE_STATE_NAMES } from '../domain/instance-state'
import { expose, resources, restart } from './runtime'
import { templateType } from './template-type'
import { labelMap, layoutKind, nodeContact, runtimeKind } from './node'
import { reason } from './event'

export const instanceState = z.enum(INSTANCE_STATE_NAMES)
export const desiredState = z.enum(DESIRED_STATES)

/** A layer as it is asked for: a version, or a tag that is resolved now and then locked. */
export const layerRequest = z
  .strictObject({ template: templateId, version: templateVersion.optional(), tag: tagName.optional() })
  .refine(layer => !(layer.version && layer.tag), 'either version or tag')
export const layerRequests = z.array(layerRequest).min(1, 'at least one layer').max(64)

/** A layer as it is locked: these bytes and no others. */
export const lockedLayer = z.object({ template: templateId, version: templateVersion, type: templateType, sha256 })
export type LockedLayer = z.output<typeof lockedLayer>

/** A port as it is asked for. `container` left out: the server listens on the port it is given. `host`: exactly this one. */
export const portRequest = z.strictObject({
  name: portName,
  protocol,
  container: portNumber.optional(),
  host: portNumber.optional(),
  expose: expose.optional(),
})
export type PortRequest = z.output<typeof portRequest>

/** A port as it is given. `fixed`: asked for by number, never exchanged. `host` is null before a node took it, or when not exposed. */
export const instancePort = z.object({
  name: portName,
  protocol,
  container: portNumber.nullable(),
  host: portNumber.nullable(),
  expose,
  fixed: z.boolean(),
})
export type InstancePort = z.output<typeof instancePort>

export const placement = z.strictObject({
  node: entityId.optional(),
  region: label.optional(),
  tags: labels.optional(),
  /** The node must have all of these. */
  labels: labelMap.optional(),
})
export type Placement = z.output<typeof placement>

const portRequests = z
  .array(portRequest)
  .max(32)
  .refine(list => new Set(list.map(port => port.name)).size === list.length, 'two ports of one name')

export const createInstanceBody = z.strictObject({
  name: displayName,
  description: description.optional(),
  layers: layerRequests,
  variables: variables.optional(),
  resources: resources.optional(),
  ports: portRequests.optional(),
  placement: placement.optional(),
  restart: restart.optional(),
  persistent: z.boolean().default(true),
  desired: z.enum(['running', 'stopped']).default('running'),
  environment: label.optional(),
})
export type CreateInstance = z.output<typeof createInstanceBody>

/** The fields of creation but `placement.node`; what is left out stays. */
export const patchInstanceBody = z
  .strictObject({
    name: displayName,
    description,
    layers: layerRequests,
    variables,
    resources,
    ports: portRequests,
    placement: placement.omit({ node: true }),
    /** null: what the layers say. */
    restart: restart.nullable(),
    persistent: z.boolean(),
    desired: z.enum(['running', 'stopped']),
    environment: label.nullable(),
  })
  .partial()
export type PatchInstance = z.output<typeof patchInstanceBody>

export const MASKED = '••••••'

export const instance = z.object({
  id: entityId,
  name: z.string(),
  description: z.string(),
  state: instanceState,
  desired: desiredState,
  generation: z.int(),
  appliedGeneration: z.int().nullable(),
  /** True when something wanted has not reached the server yet: it does at the next start. */
  pending: z.boolean(),
  reason: reason.nullable(),
  node: z
    .object({ id: entityId, name: z.string(), contact: nodeContact, unreachableSince: timestamp.nullable() })
    .nullable(),
  layers: z.array(lockedLayer),
  gamemode: z.string().nullable(),
  /** Values as given; those of secret variables read `••••••`. */
  variables: z.record(z.string(), z.string()),
  ports: z.array(instancePort),
  /** `host:port` for players, of the first public port; null until a node took it. */
  address: z.string().nullable(),
  placement,
  /** As the layers name it, and what names the bytes it is locked to (null: found out at the next start). null: never prepared. */
  image: z.object({ name: z.string(), reference: z.string().nullable() }).nullable(),
  persistent: z.boolean(),
  environment: z.string().nullable(),
  resources,
  restart: restart.nullable(),
  /** Restarts after crashes since the last healthy time. */
  restarts: z.int(),
  /** null: not known. */
  players: z.object({ online: z.int(), max: z.int().nullable() }).nullable(),
  runtime: runtimeKind.nullable(),
  layout: layoutKind.nullable(),
  runId: z.string().nullable(),
  lastExit: z
    .object({ code: z.int().nullable(), signal: z.string().nullable(), outOfMemory: z.boolean(), at: timestamp })
    .nullable(),
  /** The last console lines of a server that failed. */
  lastLines: z.array(z.string()),
  progress: z.object({ step: z.string(), doneBytes: z.number(), totalBytes: z.number().nullable() }).nullable(),
  startedAt: timestamp.nullable(),
  createdAt: timestamp,
  updatedAt: timestamp,
  /** Grows with every write; the `ETag` of an instance and what `If-Match` names. */
  revision: z.int(),
})
export type Instance = z.output<typeof instance>

export const listInstancesQuery = z.strictObject({
  /** Several separated by commas; destroyed ones only when they are named. */
  state: z
    .string()
    .transform(text => text.split(','))
    .pipe(z.array(instanceState))
    .optional(),
  node: entityId.optional(),
  template: templateId.optional(),
  q: z.string().max(100).optional(),
  ...pageQuery.shape,
})

/** `dryRun=true`: only says where it would go. */
export const createInstanceQuery = z.strictObject({
  dryRun: z.stringbool({ truthy: ['true'], falsy: ['false'] }).default(false),
})

/** Why each node was or was not chosen. */
export const placementExplanation = z.object({
  chosen: z.object({ id: entityId, name: z.string() }).nullable(),
  nodes: z.array(
    z.object({
      id: entityId,
      name: z.string(),
      fits: z.boolean(),
      /** In words; empty when it fits. */
      reasons: z.array(z.string()),
      score: z.number().nullable(),
    }),
  ),
})
export type PlacementExplanation = z.output<typeof placementExplanation>

export const inputBody = z.strictObject({
  line: z
    .string()
    .min(1)
    .max(4_000)
    .refine(line => !/[\r\n\0]/.test(line), 'one line'),
})
export const logsQuery = z.strictObject({
  tail: wholeNumber(1, 10_000).default(500),
  run: z.string().max(64).optional(),
})
