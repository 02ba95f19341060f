import { POLICY } from '../../shared/domain/policy'
import type { AgentToBrain } from '../../shared/protocol/agent'
import type { NodeLoad } from '../../shared/schemas/node'
import type { InstanceLoad, InstanceStats, NodeStats, OwnFilesSize, RunUsage } from '../../shared/schemas/usage'
import { MinuteRing } from '../domain/stats/minute-ring'
import { loadBetween } from '../domain/stats/run-load'
import type { Reading } from '../domain/stats/run-load'
import type { Clock } from '../ports'

type Measured = AgentToBrain['node.heartbeat']['instances'][number]

/** What an instance uses, as far as is known now. */
export interface PresentUse {
  /** null: no figures, or none that are fresh. */
  load: InstanceLoad | null
  totals: RunUsage | null
  ownFiles: OwnFilesSize | null
}

/**
 * What servers and machines use, in memory alone: the last figures, and an hour by minutes. It begins anew with the brain. Times are the
 * brain's own: a node whose clock is wrong has a right history.
 */
export interface StatsBoard {
  /** @param sentAt the node's clock when it sent them */
  heardInstance(measured: Measured, sentAt: number): void
  heardNode(nodeId: string, load: NodeLoad): void
  present(instanceId: string): PresentUse
  instance(instanceId: string): InstanceStats
  node(nodeId: string): NodeStats
  forgetInstance(instanceId: string): void
  forgetNode(nodeId: string): void
}

interface KnownInstance {
  last: Reading | null
  load: InstanceLoad | null
  /** The last reading before the present minute: what its rates are counted from. */
  base: Reading | null
  step: number
  ownFiles: OwnFilesSize | null
  ring: MinuteRing | null
}

interface KnownNode {
  step: number
  /** How many figures this minute has seen: CPU is their mean. */
  count: number
  cpu: number
  ring: MinuteRing
}

const NOTHING: PresentUse = { load: null, totals: null, ownFiles: null }
const { historyStepMs, historySteps, freshMs } = POLICY.stats

export function createStatsBoard(clock: Pick<Clock, 'now'>): StatsBoard {
  const instances = new Map<string, KnownInstance>()
  const nodes = new Map<string, KnownNode>()
  const stepOf = (at: number) => Math.floor(at / historyStepMs)
  const byOwnClock = (at: number, sentAt: number) => clock.now() - Math.max(0, sentAt - at)

  function noteUsage(known: KnownInstance, reading: Reading, at: number): void {
    const step = stepOf(at)
    if (step !== known.step) {
      known.base = known.last
      known.step = step
    }
    if (known.last?.runId !== reading.runId) known.base = null
    known.load = loadBetween(known.last, reading, at)
    known.last = reading
    known.base ??= reading
    const { cpu, memoryBytes, networkRxPerSecond, networkTxPerSecond, diskReadPerSecond, diskWritePerSecond } =
      loadBetween(known.base, reading, at)
    known.ring ??= new MinuteRing(historySteps, 6)
    known.ring.put(step, [
      cpu,
      memoryBytes,
      networkRxPerSecond,
      networkTxPerSecond,
      diskReadPerSecond,
      diskWritePerSecond,
    ])
  }

  return {
    heardInstance({ instanceId, runId, usage, ownFiles }, sentAt) {
      const known = instances.get(instanceId) ?? {
        last: null,
        load: null,
        base: null,
        step: 0,
        ownFiles: null,
        ring: null,
      }
      instances.set(instanceId, known)
      known.ownFiles = ownFiles && { ...ownFiles, at: byOwnClock(ownFiles.at, sentAt) }
      if (usage) noteUsage(known, { runId, usage }, byOwnClock(usage.at, sentAt))
      else if (runId === null) Object.assign(known, { last: null, load: null })
    },

    heardNode(nodeId, load) {
      const now = clock.now()
      const step = stepOf(now)
      const before = nodes.get(nodeId)
      const known = before?.step === step ? before : { step, count: 0, cpu: 0, ring: before?.ring ?? nodeRing() }
      known.count += 1
      known.cpu += (load.cpu - known.cpu) / known.count
      nodes.set(nodeId, known)
      const diskUsed = load.diskTotalBytes - load.diskFreeBytes
      known.ring.put(step, [known.cpu, load.memoryUsedBytes, diskUsed, load.cache.bytes])
    },

    present(instanceId) {
      const known = instances.get(instanceId)
      if (!known) return NOTHING
      const isFresh = known.load !== null && clock.now() - known.load.at <= freshMs
      return {
        load: isFresh ? known.load : null,
        totals: isFresh ? (known.last?.usage ?? null) : null,
        ownFiles: known.ownFiles,
      }
    },

    instance(instanceId) {
      const known = instances.get(instanceId)
      const rows = known?.ring?.read(stepOf(clock.now())) ?? []
      return {
        stepMs: historyStepMs,
        ownFiles: known?.ownFiles ?? null,
        points: rows.map(({ step, values: [cpu, memory, rx, tx, read, written] }) => ({
          at: step * historyStepMs,
          cpu: cpu ?? null,
          memoryBytes: memory ?? 0,
          networkRxPerSecond: rx ?? null,
          networkTxPerSecond: tx ?? null,
          diskReadPerSecond: read ?? null,
          diskWritePerSecond: written ?? null,
        })),
      }
    },

    node(nodeId) {
      const rows = nodes.get(nodeId)?.ring.read(stepOf(clock.now())) ?? []
      return {
        stepMs: historyStepMs,
        points: rows.map(({ step, values: [cpu, memory, disk, cache] }) => ({
          at: step * historyStepMs,
          cpu: cpu ?? 0,
          memoryUsedBytes: memory ?? 0,
          diskUsedBytes: disk ?? 0,
          cacheBytes: cache ?? 0,
        })),
      }
    },

    forgetInstance: instanceId => void instances.delete(instanceId),
    forgetNode: nodeId => void nodes.delete(nodeId),
  }
}

const nodeRing = () => new MinuteRing(historySteps, 4)
