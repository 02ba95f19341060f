import { z } from 'zod'
import { POLICY } from '../domain/policy'
import { entityId, timestamp } from './common'

const bytes = z.number().nonnegative()

/**
 * What one run has used since it began, read once. Totals rather than rates: a reading that got lost loses nothing. null where the
 * machine does not tell (a plain process has no network of its own).
 */
export const runUsage = z.object({
  /** By the clock of the node. */
  at: timestamp,
  cpuSeconds: z.number().nonnegative(),
  memoryBytes: bytes,
  networkRxBytes: bytes.nullable(),
  networkTxBytes: bytes.nullable(),
  diskReadBytes: bytes.nullable(),
  diskWriteBytes: bytes.nullable(),
})
export type RunUsage = z.output<typeof runUsage>

/** Room that the own files of an instance take on the disk of its node, and when that was found out. */
export const ownFilesSize = z.object({ bytes, files: z.int().nonnegative(), at: timestamp })
export type OwnFilesSize = z.output<typeof ownFilesSize>

/** Load of an instance over one stretch of time. 1 CPU is one core; null: no data. */
export const instanceLoad = z.object({
  at: timestamp,
  cpu: z.number().nullable(),
  memoryBytes: bytes,
  networkRxPerSecond: z.number().nullable(),
  networkTxPerSecond: z.number().nullable(),
  diskReadPerSecond: z.number().nullable(),
  diskWritePerSecond: z.number().nullable(),
})
export type InstanceLoad = z.output<typeof instanceLoad>

/** `points`: one for each minute of the last hour for which there is data, oldest first; a minute without data is left out. */
export const instanceStats = z.object({
  stepMs: z.int(),
  points: z.array(instanceLoad),
  ownFiles: ownFilesSize.nullable(),
})
export type InstanceStats = z.output<typeof instanceStats>

export const nodeLoadPoint = z.object({
  at: timestamp,
  cpu: z.number(),
  memoryUsedBytes: bytes,
  diskUsedBytes: bytes,
  cacheBytes: bytes,
})
export type NodeLoadPoint = z.output<typeof nodeLoadPoint>
export const nodeStats = z.object({ stepMs: z.int(), points: z.array(nodeLoadPoint) })
export type NodeStats = z.output<typeof nodeStats>

/** For lists: instances without fresh figures are left out. */
export const fleetLoad = z.object({
  items: z.array(z.object({ id: entityId, load: instanceLoad.nullable(), ownFiles: ownFilesSize.nullable() })),
})
export type FleetLoad = z.output<typeof fleetLoad>

/** `?ids=a,b,c` */
export const fleetLoadQuery = z.strictObject({
  ids: z
    .string()
    .transform(text => text.split(',').filter(Boolean))
    .pipe(z.array(entityId).max(POLICY.stats.perRequest)),
})
