import { readFileSync } from 'node:fs'
import type { RunUsage } from '../../shared/schemas/usage'
import type { ProcessStat } from '../process-identity'
import { PAGE_BYTES, TICKS_PER_SECOND } from './process-table'

/**
 * What the living processes of a session have used, and the children they have seen end. The network is the machine's own, so how
 * much of it is theirs is not known.
 */
export function usageOfProcesses(members: readonly (ProcessStat & { pid: number })[], at: number): RunUsage | null {
  if (members.length === 0) return null
  const ticks = (one: ProcessStat) => one.userTicks + one.systemTicks + one.endedChildrenTicks
  const disk = members.map(member => readDiskTotals(member.pid))
  const sum = (pick: (totals: DiskTotals) => number) =>
    disk.every(totals => totals === null)
      ? null
      : disk.reduce((total, totals) => total + (totals ? pick(totals) : 0), 0)
  return {
    at,
    cpuSeconds: members.reduce((total, member) => total + ticks(member), 0) / TICKS_PER_SECOND,
    memoryBytes: members.reduce((total, member) => total + member.residentPages, 0) * PAGE_BYTES,
    networkRxBytes: null,
    networkTxBytes: null,
    diskReadBytes: sum(totals => totals.read),
    diskWriteBytes: sum(totals => totals.written),
  }
}

interface DiskTotals {
  read: number
  written: number
}

/** What really went to and came from a disk, with that of children that ended; null when it ended or may not be read. See proc(5). */
function readDiskTotals(pid: number): DiskTotals | null {
  try {
    const text = readFileSync(`/proc/${pid}/io`, 'utf8')
    const numberOf = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
    return { read: numberOf('read_bytes'), written: numberOf('write_bytes') }
  } catch {
    return null
  }
}
