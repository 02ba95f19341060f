import { describe, expect, it } from 'vitest'
import type { Observation } from '../../../../../shared/protocol/agent'
import type { InstanceRecord } from '../../../../../server/domain/instance-record'
import { applyObservation } from '../../../../../server/domain/observation/apply-observation'
import { makeObservation, makeRecord, observedOf } from '../../../../factories/instance-record'

const NOW = 5_000
function apply(record: Partial<InstanceRecord>, observation: Partial<Observation>) {
  const before = makeRecord({ observed: observedOf(), ...record })
  const made = applyObservation(before, makeObservation({ seq: 2, ...observation }), NOW)
  return { made, after: { ...before, ...made?.change }, events: made?.events ?? [] }
}

describe('one step', () => {
  it('is taken over with its event, cause and actor', () => {
    const { after, events } = apply(
      { state: 'STARTING' },
      { state: 'RUNNING', cause: 'ready', actor: 'server', startedAt: 4_000, runId: 'run-1' },
    )
    expect(after).toMatchObject({ state: 'RUNNING', stateSince: NOW, appliedGeneration: 1, reason: null })
    expect(after.observed).toMatchObject({ seq: 2, startedAt: 4_000, runId: 'run-1' })
    expect(events).toEqual([
      expect.objectContaining({
        kind: 'transition',
        from: 'STARTING',
        to: 'RUNNING',
        cause: 'ready',
        runId: 'run-1',
        actor: { kind: 'server', id: 'i1', name: 'lobby' },
      }),
    ])
  })

  it('is old news with a lower number, but not in a report of a node whose memory was put back', () => {
    const before = makeRecord({ state: 'FAILED', observed: observedOf({ seq: 900 }) })
    const observation = makeObservation({ seq: 4, state: 'RUNNING', runId: 'run-1', startedAt: 1_000 })
    expect(applyObservation(before, observation, NOW)).toBeNull()
    const { change } = applyObservation(before, observation, NOW, { isWholeTruth: true }) ?? {}
    expect(change).toMatchObject({ state: 'RUNNING', observed: { seq: 4, runId: 'run-1', startedAt: 1_000 } })
    const same = { ...observation, seq: 900 }
    expect(applyObservation(before, same, NOW, { isWholeTruth: true })).toBeNull()
  })

  it('says how the server ended', () => {
    const exit = { code: 137, signal: null, outOfMemory: true, at: 1 }
    const { events } = apply({ state: 'STOPPING', desired: 'stopped' }, { state: 'STOPPED', exit })
    expect(events[0]?.message).toBe('The server was ended because it ran out of memory.')
  })

  it('does not repeat what is said beside the state already', () => {
    const reason = { code: 'PROCESS_RUNTIME', message: 'Nothing isolates it.' }
    const first = apply({ state: 'PREPARING' }, { state: 'PREPARED', reason })
    expect(first.events[0]?.message).toBe('Nothing isolates it.')
    const then = apply({ state: 'PREPARED', reason: { ...reason, at: 1 } }, { state: 'STARTING', reason })
    expect(then.events[0]?.message).toBe('Started, and not ready yet.')
    expect(then.after.reason).toMatchObject(reason)
  })

  it('keeps code, words and last lines of a failure', () => {
    const reason = { code: 'CRASH_LOOP', message: 'It keeps crashing.' }
    const { after, events } = apply({}, { state: 'FAILED', cause: 'exit.crash', reason, lastLines: ['boom'] })
    expect(after).toMatchObject({ state: 'FAILED', reason: { ...reason, at: NOW } })
    expect(after.observed?.lastLines).toEqual(['boom'])
    expect(events[0]).toMatchObject({ kind: 'crash', message: 'It keeps crashing.' })
  })

  it('forgets the tries and the ports of the run before', () => {
    const prepared = apply({ state: 'PREPARING', prepareAttempts: 2 }, { state: 'PREPARED' })
    expect(prepared.after.prepareAttempts).toBe(0)
    const stopped = apply({ state: 'STOPPING', portsInUse: [] }, { state: 'STOPPED' })
    expect(stopped.after.portsInUse).toBeNull()
  })
})

it('forgets the ports of the run before when a newer one was started unseen', () => {
  const port = { name: 'game', protocol: 'udp', container: 1, host: 7, expose: 'public', fixed: false } as const
  const pending = { generation: 2, ports: [{ ...port, host: 8 }], portsInUse: [port] }
  expect(apply(pending, { state: 'RUNNING', generation: 1, restarts: 1 }).after.portsInUse).toEqual([port])
  expect(apply(pending, { state: 'RUNNING', generation: 2, runId: 'run-2' }).after.portsInUse).toBeNull()
})

describe('old news', () => {
  it.each([2, 3])('changes nothing (%i known, 2 comes)', seq => {
    expect(apply({ observed: observedOf({ seq }), state: 'STARTING' }, { state: 'RUNNING' }).made).toBeNull()
  })

  it('changes nothing on what was destroyed', () => {
    expect(apply({ state: 'DESTROYED', desired: 'destroyed' }, { state: 'RUNNING' }).made).toBeNull()
  })

  it('in the same state and run has no event, but is remembered', () => {
    const { made, after } = apply({}, { state: 'RUNNING', restarts: 1 })
    expect(made?.events).toEqual([])
    expect(after).toMatchObject({ stateSince: 0, observed: { seq: 2, restarts: 1 } })
  })
})

describe('steps that nobody saw', () => {
  it('are told in one event', () => {
    const { after, events } = apply(
      { state: 'REQUESTED', appliedGeneration: null, observed: null },
      { state: 'RUNNING' },
    )
    expect(after.state).toBe('RUNNING')
    expect(events).toHaveLength(1)
    expect(events[0]?.message).toContain('(PREPARING, PREPARED, STARTING) happened unseen')
  })

  it('include another run in the same state', () => {
    const { after, events } = apply({}, { state: 'RUNNING', runId: 'run-2' })
    expect(after).toMatchObject({ stateSince: NOW })
    expect(events[0]).toMatchObject({ from: 'RUNNING', to: 'RUNNING', runId: 'run-2' })
    expect(events[0]?.message).toContain('came back unseen')
  })

  it('never lead through destruction, and a state that cannot be reached is noted and not taken over', () => {
    const { after, events } = apply({ state: 'DESTROYING', desired: 'destroyed' }, { state: 'RUNNING' })
    expect(after).toMatchObject({ state: 'DESTROYING', observed: { seq: 2 } })
    expect(events[0]).toMatchObject({ kind: 'note' })
  })

  it('show why destruction does not get on', () => {
    const reason = { code: 'DESTROY_FAILED', message: 'A file could not be removed.' }
    const { after } = apply({ state: 'DESTROYING', desired: 'destroyed' }, { state: 'DESTROYING', reason })
    expect(after).toMatchObject({ state: 'DESTROYING', reason: { ...reason, at: NOW } })
  })
})

describe('a restart after a crash', () => {
  const delayed = {
    state: 'STARTING',
    cause: 'exit.crash',
    actor: 'server',
    restarts: 1,
    reason: { code: 'RESTART_DELAY', message: 'Starts again in 5 s.' },
  } as const

  it('is a step from RUNNING and from STARTING', () => {
    expect(apply({}, delayed).events[0]).toMatchObject({ kind: 'crash', from: 'RUNNING', to: 'STARTING' })
    const again = apply({ state: 'STARTING' }, delayed)
    expect(again.events[0]).toMatchObject({ kind: 'crash', from: 'STARTING', to: 'STARTING' })
    expect(again.after).toMatchObject({ desired: 'running', stateSince: NOW, reason: { code: 'RESTART_DELAY' } })
  })
})

describe('a clean exit that nobody asked for', () => {
  const left = { state: 'STOPPED', cause: 'exit.clean', actor: 'server' } as const

  it('is what the server wants', () => {
    const { after, events } = apply({}, left)
    expect(after).toMatchObject({ state: 'STOPPED', desired: 'stopped' })
    expect(events.map(({ kind }) => kind)).toEqual(['transition', 'wish'])
    expect(events[1]).toMatchObject({ from: 'running', to: 'stopped', actor: { kind: 'server' } })
  })

  it('does not undo a restart that somebody wants', () => {
    expect(apply({ generation: 2, startGeneration: 2 }, left).after.desired).toBe('running')
  })

  it('is not one when the machine or a person ended it', () => {
    expect(apply({}, { ...left, actor: 'system', cause: 'engine' }).after.desired).toBe('running')
    expect(apply({}, { ...left, actor: 'system', cause: 'command' }).after.desired).toBe('running')
  })
})

describe('reasons in the same state', () => {
  const reason = { code: 'ENGINE_UNAVAILABLE', message: 'Docker does not answer.' }

  it('come with a note and go without one', () => {
    const came = apply({}, { reason })
    expect(came.after.reason).toEqual({ ...reason, at: NOW })
    expect(came.events[0]).toMatchObject({ kind: 'note', message: reason.message })
    expect(apply({ reason: { ...reason, at: 1 } }, { reason }).events).toEqual([])
    expect(apply({ reason: { ...reason, at: 1 } }, {}).after.reason).toBeNull()
  })

  it('that the brain found stay', () => {
    const overdue = { code: 'OVERDUE', message: 'Late.', at: 1 }
    expect(apply({ state: 'STARTING', reason: overdue }, { state: 'STARTING' }).after.reason).toEqual(overdue)
  })
})

describe('a node that knows more than the brain', () => {
  it('makes the brain catch up: what runs goes on, what the brain knows is pending', () => {
    const { after, events } = apply({ generation: 2 }, { state: 'RUNNING', generation: 7, runId: 'run-9' })
    expect(after).toMatchObject({ generation: 8, startGeneration: 1, appliedGeneration: 7, state: 'RUNNING' })
    expect(events.map(({ cause }) => cause)).toContain('generation.caught-up')
  })

  it('that says DESTROYED without a wish has lost the instance', () => {
    const { after } = apply({}, { state: 'DESTROYED' })
    expect(after).toMatchObject({ state: 'STOPPED', desired: 'running', reason: { code: 'NOT_HELD' } })
    expect(apply({}, { state: 'DESTROYING' }).after.state).toBe('RUNNING')
  })
})
