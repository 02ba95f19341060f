import { readdirSync } from 'node:fs'
import { readBootId, readProcessStat } from '../process-identity'
import type { ProcessIdentity, ProcessStat } from '../process-identity'

/** Clock ticks per second in /proc; 100 on every Linux that Node runs on. */
export const TICKS_PER_SECOND = 100
export const PAGE_BYTES = 4096

/**
 * Every living process of a session: what a server started, also what changed its process group. The leader may have ended:
 * its pid is not given to anybody else while a member lives. After a restart of the machine there is none.
 */
export function sessionMembers(leader: ProcessIdentity): (ProcessStat & { pid: number })[] {
  const now = readProcessStat(leader.pid)
  const isSomebodyElse = now !== undefined && now.startTicks !== leader.startTicks
  if (leader.bootId !== readBootId() || isSomebodyElse) return []
  return readdirSync('/proc').flatMap(name => {
    const stat = /^\d+$/.test(name) ? readProcessStat(Number(name)) : undefined
    return stat?.session === leader.pid && stat.state !== 'Z' ? [{ pid: Number(name), ...stat }] : []
  })
}

/** False when there was nobody to signal. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}
