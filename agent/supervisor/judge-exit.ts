import { POLICY } from '../../shared/domain/policy'
import type { ResolvedRuntime } from '../../shared/schemas/runtime'
import type { InstanceRecord, Notice } from '../record'
import type { ExitInfo } from '../runtime/container-runtime'
import { exitWords } from './exit-words'

export type RestartPolicyNumbers = typeof POLICY.restart

/** What else was going on: the engine or the machine went down, or nothing that would explain the end. */
export type Circumstance = 'engine' | 'machine' | 'none'

export interface Ending {
  exit: ExitInfo
  circumstance: Circumstance
  /** null when it was not asked to stop. */
  stop: InstanceRecord['stop']
  stopNow: boolean
  runtime: Pick<ResolvedRuntime, 'exitCodes' | 'restart' | 'resources' | 'stop'>
  /** Crashes since the last healthy time, this one not counted. */
  crashes: number
}

/** What follows from an end. `restartInMs` is set when it is started again. */
export interface Verdict {
  to: 'STOPPED' | 'STARTING' | 'FAILED'
  cause: string
  actor: 'system' | 'server'
  reason: Notice | null
  crashes: number
  restartInMs: number | null
}

/**
 * Judges the end of a run: pure, so that every exit code and policy can be tried. In this order: it was asked to stop; the engine
 * or the machine went down (that counts for nothing); what the template says about the code; out of memory; a clean
 * exit; a crash.
 */
export function judgeExit(ending: Ending, numbers: RestartPolicyNumbers = POLICY.restart): Verdict {
  if (ending.stop)
    return {
      to: 'STOPPED',
      cause: 'command',
      actor: 'system',
      reason: stopReason(ending),
      crashes: 0,
      restartInMs: null,
    }
  if (ending.circumstance !== 'none') return restartedWith(ending, ending.circumstance)
  const { exit, runtime } = ending
  const mapped = exit.code === null ? undefined : runtime.exitCodes[String(exit.code)]
  if (mapped === 'stop') return leftByItself()
  if (mapped === 'restart') return restartOnRequest(ending, numbers)
  const isClean = exit.code === 0 && !exit.outOfMemory && mapped !== 'crash'
  if (!isClean) return crashed(ending, numbers)
  return runtime.restart.policy === 'always' ? restartOnRequest(ending, numbers) : leftByItself()
}

function leftByItself(): Verdict {
  return { to: 'STOPPED', cause: 'exit.clean', actor: 'server', reason: null, crashes: 0, restartInMs: null }
}

function stopReason({ stop, stopNow, runtime }: Ending): Notice | null {
  if (stop?.step !== 'killed' || stopNow) return null
  return {
    code: 'KILLED_AFTER_GRACE',
    message: `The server did not end within ${runtime.stop.graceSeconds} s after it was asked to, and was killed. What it had not saved by then is lost.`,
  }
}

function restartedWith({ crashes }: Ending, circumstance: 'engine' | 'machine'): Verdict {
  const what = circumstance === 'engine' ? 'Docker was stopped or restarted' : 'The machine was restarted'
  const reason = {
    code: circumstance === 'engine' ? 'ENGINE_RESTARTED' : 'MACHINE_RESTARTED',
    message: `${what} and ended the server with it; it starts again.`,
  }
  return { to: 'STARTING', cause: circumstance, actor: 'system', reason, crashes, restartInMs: 0 }
}

/** A wish of the server is not a crash, but it waits like one: a server that leaves at once would otherwise spin. */
function restartOnRequest({ exit, runtime, crashes }: Ending, numbers: RestartPolicyNumbers): Verdict {
  const restartInMs = delayFor(crashes, numbers)
  const message = `The server ${exitWords(exit, memoryLimit(runtime))}, which means for it that it wants to be started again. It starts in ${seconds(restartInMs)}.`
  return {
    to: 'STARTING',
    cause: 'exit.restart',
    actor: 'server',
    reason: { code: 'RESTART_DELAY', message },
    crashes: Math.min(crashes + 1, numbers.delaysMs.length),
    restartInMs,
  }
}

function crashed({ exit, runtime, crashes }: Ending, numbers: RestartPolicyNumbers): Verdict {
  const words = `The server ${exitWords(exit, memoryLimit(runtime))}.`
  const advice = exit.outOfMemory
    ? 'Give it more memory, or find out what it needs it for.'
    : 'Its last lines may say why.'
  const failed = { to: 'FAILED', cause: 'exit.crash', actor: 'server', restartInMs: null } as const
  if (runtime.restart.policy === 'never') {
    const message = `${words} It is not started again, because its restart policy is "never". ${advice}`
    return {
      ...failed,
      reason: { code: exit.outOfMemory ? 'OUT_OF_MEMORY' : 'CRASHED', message },
      crashes: crashes + 1,
    }
  }
  if (crashes >= numbers.delaysMs.length) {
    const minutes = Math.round(numbers.healthyAfterMs / 60_000)
    const message = `The server crashed ${crashes + 1} times and never ran well for ${minutes} minutes in between, so Strata gave up. The last time it ${exitWords(exit, memoryLimit(runtime))}. ${advice} Then retry.`
    return { ...failed, reason: { code: 'CRASH_LOOP', message }, crashes: crashes + 1 }
  }
  const restartInMs = delayFor(crashes, numbers)
  const message = `${words} It starts again in ${seconds(restartInMs)} (crash ${crashes + 1}; after ${numbers.delaysMs.length + 1} without ${Math.round(numbers.healthyAfterMs / 60_000)} good minutes Strata gives up).`
  return {
    to: 'STARTING',
    cause: 'exit.crash',
    actor: 'server',
    reason: { code: exit.outOfMemory ? 'OUT_OF_MEMORY' : 'RESTART_DELAY', message },
    crashes: crashes + 1,
    restartInMs,
  }
}

function delayFor(crashes: number, { delaysMs }: RestartPolicyNumbers): number {
  return delaysMs[Math.min(crashes, delaysMs.length - 1)] ?? 0
}

function memoryLimit(runtime: Pick<ResolvedRuntime, 'resources'>): number {
  return runtime.resources.memoryMb ?? POLICY.limits.memoryMb
}

function seconds(ms: number): string {
  return ms >= 1_000 ? `${Math.round(ms / 1_000)} s` : `${ms} ms`
}
