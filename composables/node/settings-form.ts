import { z } from 'zod'
import { displayName, label, labels } from '../../shared/schemas/common'
import { labelMap, nodeOverrides, publicAddress } from '../../shared/schemas/node'
import type { Node, patchNodeBody } from '../../shared/schemas/node'

const GIB = 1024 ** 3
const amount = z.number().min(0).nullable()
const port = z.int().min(1024).max(65_535).nullable()

/** What is typed of a node. Empty texts and null mean: as the machine says. */
export const nodeSettingsForm = z
  .object({
    name: displayName,
    region: z.union([z.literal(''), label]),
    tags: labels,
    /** Each as `key=value`. */
    labels: z.array(z.string().regex(/^[^=\s]+=[^=\s]+$/, 'key=value')),
    address: z.union([z.literal(''), publicAddress]),
    memoryGib: amount,
    cpus: amount,
    diskGib: amount,
    maxInstances: nodeOverrides.shape.maxInstances.unwrap(),
    portFrom: port,
    portTo: port,
  })
  .refine(form => labelMap.safeParse(pairsOf(form.labels)).success, {
    path: ['labels'],
    message: 'letters, digits and . _ -, 1 to 63 characters on each side',
  })
  .refine(form => (form.portFrom === null) === (form.portTo === null), { path: ['portTo'], message: 'both or none' })
  .refine(form => form.portFrom === null || form.portTo === null || form.portFrom <= form.portTo, {
    path: ['portTo'],
    message: 'the first port is above the last',
  })
export type NodeSettingsForm = z.output<typeof nodeSettingsForm>

/** A node as its form begins. */
export function formOf(node: Pick<Node, 'name' | 'region' | 'tags' | 'labels' | 'overrides'>): NodeSettingsForm {
  const { address, maxInstances, ports, reserve } = node.overrides
  const gib = (bytes: number | null | undefined) => (bytes == null ? null : bytes / GIB)
  return {
    name: node.name,
    region: node.region ?? '',
    tags: [...node.tags],
    labels: Object.entries(node.labels).map(([key, value]) => `${key}=${value}`),
    address: address ?? '',
    memoryGib: gib(reserve?.memoryBytes),
    cpus: reserve?.cpus ?? null,
    diskGib: gib(reserve?.diskBytes),
    maxInstances: maxInstances ?? null,
    portFrom: ports?.from ?? null,
    portTo: ports?.to ?? null,
  }
}

/** The change that makes a node as its form says. */
export function patchOf(form: NodeSettingsForm): z.input<typeof patchNodeBody> {
  const bytes = (gib: number | null) => (gib === null ? null : Math.round(gib * GIB))
  return {
    name: form.name,
    region: form.region || null,
    tags: form.tags,
    labels: pairsOf(form.labels),
    address: form.address || null,
    maxInstances: form.maxInstances,
    ports: form.portFrom === null || form.portTo === null ? null : { from: form.portFrom, to: form.portTo },
    reserve: { memoryBytes: bytes(form.memoryGib), cpus: form.cpus, diskBytes: bytes(form.diskGib) },
  }
}

function pairsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map(pair => pair.split('=', 2)))
}
