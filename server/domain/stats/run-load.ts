import type { InstanceLoad, RunUsage } from '../../../shared/schemas/usage'

/** One reading of one run. */
export interface Reading {
  runId: string | null
  usage: RunUsage
}

/** Between readings further apart nobody knows what happened. */
const GAP_MS = 5 * 60_000

/**
 * Load between two readings. Times are those of the node's clock and only their difference counts. Without a good earlier one (another
 * run, totals that shrank, a gap, a clock that was set) rates are not known, which is not the same as none.
 *
 * @param at when the later one was taken, by the brain's clock
 */
export function loadBetween(before: Reading | null, after: Reading, at: number): InstanceLoad {
  const { usage } = after
  const from = before && isSameLife(before, after) ? before.usage : null
  const seconds = from ? (usage.at - from.at) / 1_000 : 0
  const rate = (pick: (reading: RunUsage) => number | null) => {
    const first = from && pick(from)
    const last = pick(usage)
    return first === null || last === null || last < first ? null : (last - first) / seconds
  }
  return {
    at,
    cpu: rate(reading => reading.cpuSeconds),
    memoryBytes: usage.memoryBytes,
    networkRxPerSecond: rate(reading => reading.networkRxBytes),
    networkTxPerSecond: rate(reading => reading.networkTxBytes),
    diskReadPerSecond: rate(reading => reading.diskReadBytes),
    diskWritePerSecond: rate(reading => reading.diskWriteBytes),
  }
}

function isSameLife(before: Reading, after: Reading): boolean {
  const passedMs = after.usage.at - before.usage.at
  return before.runId === after.runId && passedMs > 0 && passedMs <= GAP_MS
}
