import { readdirSync } from 'node:fs'
import { readProcessStat } from '../process-identity'
import type { ProcessStat } from '../process-identity'

/** Clock ticks per second in /proc; 100 on every Linux that Node runs on. */
export const TICKS_PER_SECOND = 100
export const PAGE_BYTES = 4096

/** Every living process of a session: what a server started, also what changed its process group. */
export function sessionMembers(session: number): (ProcessStat & { pid: number })[] {
  const members: (ProcessStat & { pid: number })[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = readProcessStat(Number(name))
    if (stat?.session === session && stat.state !== 'Z') members.push({ pid: Number(name), ...stat })
  }
  return members
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
