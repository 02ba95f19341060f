import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeExit } from '../../../../agent/supervisor/judge-exit'
import type { Ending } from '../../../../agent/supervisor/judge-exit'
import { POLICY } from '../../../../shared/domain/policy'

const exit = (code: number | null, outOfMemory = false): Ending['exit'] => ({
  code,
  signal: code === 137 ? 'SIGKILL' : code === 143 ? 'SIGTERM' : null,
  outOfMemory,
  at: 0,
})

function ending(
  change: Partial<Ending> & {
    policy?: 'on-failure' | 'always' | 'never'
    exitCodes?: Record<string, 'restart' | 'stop' | 'crash'>
  } = {},
): Ending {
  const { policy = 'on-failure', exitCodes = {}, ...rest } = change
  const runtime = {
    exitCodes,
    restart: { policy },
    resources: { memoryMb: 512 },
    stop: { signal: 'SIGTERM' as const, graceSeconds: 60 },
  }
  return { exit: exit(1), circumstance: 'none', stop: null, stopNow: false, runtime, crashes: 0, ...rest }
}

describe('the end of a server', () => {
  it.each([
    ['on-failure', 0, false, 'STOPPED', 'exit.clean', undefined],
    ['on-failure', 1, false, 'STARTING', 'exit.crash', 'exit code 1.'],
    ['on-failure', 125, false, 'STARTING', 'exit.crash', 'the container could not be run'],
    ['on-failure', 126, false, 'STARTING', 'exit.crash', 'may not be executed'],
    ['on-failure', 127, false, 'STARTING', 'exit.crash', 'was not found'],
    ['on-failure', 137, false, 'STARTING', 'exit.crash', 'killed from outside'],
    ['on-failure', 137, true, 'STARTING', 'exit.crash', 'ran out of memory and was killed; its limit is 512 MB'],
    ['on-failure', 143, false, 'STARTING', 'exit.crash', 'asked to end from outside'],
    ['on-failure', null, false, 'STARTING', 'exit.crash', 'disappeared'],
    ['always', 0, false, 'STARTING', 'exit.restart', 'wants to be started again'],
    ['always', 1, false, 'STARTING', 'exit.crash', 'exit code 1.'],
    ['never', 0, false, 'STOPPED', 'exit.clean', undefined],
    ['never', 1, false, 'FAILED', 'exit.crash', 'restart policy is "never"'],
    ['never', 137, true, 'FAILED', 'exit.crash', 'Give it more memory'],
  ] as const)('policy %s, code %s, out of memory %s: %s', (policy, code, outOfMemory, to, cause, words) => {
    const verdict = judgeExit(ending({ policy, exit: exit(code, outOfMemory) }))
    expect(verdict).toMatchObject({ to, cause, actor: 'server' })
    if (words) expect(verdict.reason?.message).toContain(words)
    else expect(verdict.reason).toBeNull()
  })

  it('has a code of its own for memory', () => {
    expect(judgeExit(ending({ exit: exit(137, true) })).reason?.code).toBe('OUT_OF_MEMORY')
    expect(judgeExit(ending({ exit: exit(137, true), policy: 'never' })).reason?.code).toBe('OUT_OF_MEMORY')
    expect(judgeExit(ending({ policy: 'never' })).reason?.code).toBe('CRASHED')
  })

  it('follows the template’s codes first', () => {
    expect(judgeExit(ending({ exit: exit(8), exitCodes: { 8: 'restart' }, policy: 'never' }))).toMatchObject({
      to: 'STARTING',
      cause: 'exit.restart',
    })
    expect(judgeExit(ending({ exit: exit(8), exitCodes: { 8: 'stop' }, policy: 'always' }))).toMatchObject({
      to: 'STOPPED',
      cause: 'exit.clean',
    })
    expect(judgeExit(ending({ exit: exit(0), exitCodes: { 0: 'crash' } }))).toMatchObject({
      to: 'STARTING',
      cause: 'exit.crash',
    })
  })

  it('waits longer each time, and gives up at the sixth', () => {
    const delays = [0, 1, 2, 3, 4].map(crashes => judgeExit(ending({ crashes })))
    expect(delays.map(verdict => verdict.restartInMs)).toEqual([...POLICY.restart.delaysMs])
    expect(delays.map(verdict => verdict.crashes)).toEqual([1, 2, 3, 4, 5])
    const last = judgeExit(ending({ crashes: 5, exit: exit(3) }))
    expect(last).toMatchObject({ to: 'FAILED', crashes: 6, restartInMs: null, reason: { code: 'CRASH_LOOP' } })
    expect(last.reason?.message).toContain('crashed 6 times')
    expect(last.reason?.message).toContain('ended with exit code 3')
  })

  it('never gives up on a server that asks to be started again', () => {
    const verdict = judgeExit(ending({ exit: exit(0), policy: 'always', crashes: 5 }))
    expect(verdict).toMatchObject({ to: 'STARTING', crashes: 5, restartInMs: POLICY.restart.delaysMs.at(-1) })
  })

  it('is what was asked for when it was asked for, whatever the code', () => {
    const stop = { askedAt: 0, step: 'signalled' as const }
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom('on-failure', 'always', 'never'),
        fc.constantFrom('engine', 'machine', 'none'),
        (code, policy, circumstance) => {
          const verdict = judgeExit(
            ending({ exit: exit(code), policy, circumstance, stop, exitCodes: { [code]: 'restart' } }),
          )
          expect(verdict).toMatchObject({
            to: 'STOPPED',
            cause: 'command',
            actor: 'system',
            restartInMs: null,
            reason: null,
          })
        },
      ),
    )
    expect(judgeExit(ending({ stop: { askedAt: 0, step: 'killed' } })).reason).toMatchObject({
      code: 'KILLED_AFTER_GRACE',
      message: expect.stringContaining('60 s'),
    })
    expect(judgeExit(ending({ stop: { askedAt: 0, step: 'killed' }, stopNow: true })).reason).toBeNull()
  })

  it('counts for nothing when the engine or the machine went down, also for a server that is never restarted', () => {
    for (const [circumstance, code] of [
      ['engine', 'ENGINE_RESTARTED'],
      ['machine', 'MACHINE_RESTARTED'],
    ] as const) {
      const verdict = judgeExit(ending({ circumstance, exit: exit(0), policy: 'never', crashes: 3 }))
      expect(verdict).toMatchObject({ to: 'STARTING', actor: 'system', crashes: 3, restartInMs: 0, reason: { code } })
    }
  })
})
