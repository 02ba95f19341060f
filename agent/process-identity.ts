import { readFileSync } from 'node:fs'
import { z } from 'zod'

/**
 * A process is known by pid, start time and boot: a pid alone is given again to somebody else. `startTicks` is field 22 of
 * `/proc/<pid>/stat`, in clock ticks since boot; see proc(5). On systems without /proc it is 0 and the pid alone counts.
 */
export const processIdentity = z.object({
  pid: z.int().positive(),
  startTicks: z.number().nonnegative(),
  bootId: z.string(),
})
export type ProcessIdentity = z.output<typeof processIdentity>

/** New with every boot of the machine; `unknown` where the system does not tell. */
export function readBootId(): string {
  return readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown'
}

/** Fields of `/proc/<pid>/stat`; undefined when there is no such process. */
export interface ProcessStat {
  /** `Z` is a process that ended and that nobody has collected. */
  state: string
  group: number
  session: number
  userTicks: number
  systemTicks: number
  /** CPU time of children that ended and were collected. */
  endedChildrenTicks: number
  startTicks: number
  residentPages: number
}

export function readProcessStat(pid: number): ProcessStat | undefined {
  const text = readProc(`/proc/${pid}/stat`)
  if (!text) return undefined
  // The second field is the program's name in parentheses and may hold anything, also parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const numberAt = (field: number) => Number(fields[field - 3])
  return {
    state: fields[0] ?? '?',
    group: numberAt(5),
    session: numberAt(6),
    userTicks: numberAt(14),
    systemTicks: numberAt(15),
    endedChildrenTicks: numberAt(16) + numberAt(17),
    startTicks: numberAt(22),
    residentPages: numberAt(24),
  }
}

/** The identity of a living process; undefined when it ended. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readProcessStat(pid)
  if (stat && stat.state !== 'Z') return { pid, startTicks: stat.startTicks, bootId: readBootId() }
  if (process.platform !== 'linux' && canSignal(pid)) return { pid, startTicks: 0, bootId: readBootId() }
  return undefined
}

export function isAlive(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid)
  return now?.startTicks === identity.startTicks && now.bootId === identity.bootId
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined
    throw error
  }
}

function canSignal(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
