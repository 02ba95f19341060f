import { describe, expect, it } from 'vitest'
import type { InstanceRecord } from '../../../../agent/record'
import { nextStep } from '../../../../agent/supervisor/next-step'
import type { Moment } from '../../../../agent/supervisor/next-step'
import { agentRecord, agentRun } from '../../../factories/agent-record'

const step = (record: Partial<InstanceRecord>, moment: Partial<Moment> = {}) =>
  nextStep(agentRecord(record), { now: 10_000, isLookDue: false, isPreparing: false, wasAsked: true, ...moment })
const rest = (until: number | null = null) => ({ kind: 'rest', until })
const stop = { input: 'stop', signal: 'SIGTERM' as const, graceSeconds: 60 }
const spec = { ...agentRecord().spec, runtime: { ...agentRecord().spec.runtime, stop } }

describe('the next step of an instance', () => {
  it('is to look before anything else is concluded of a run', () => {
    expect(step({ state: 'RUNNING', wanted: 'stopped', run: agentRun() }, { isLookDue: true })).toEqual({
      kind: 'look',
    })
    expect(step({ state: 'PREPARED' }, { isLookDue: true })).toEqual(rest())
  })

  it('prepares once what is due, after what was left is given back', () => {
    expect(step({ state: 'PREPARING', prepareDue: true })).toEqual({ kind: 'prepare' })
    expect(step({ state: 'PREPARING', prepareDue: true }, { isPreparing: true })).toEqual(rest())
    expect(step({ state: 'PREPARING', prepareDue: true, cleanupDue: 'all' })).toEqual({ kind: 'clean' })
  })

  it('says that it stopped once a prepare that is given up has let go, also after a death of the agent', () => {
    const givenUp = { state: 'PREPARING', prepareDue: true, wanted: 'stopped' } as const
    expect(step(givenUp, { isPreparing: true })).toEqual(rest())
    expect(step(givenUp)).toEqual({ kind: 'settle' })
  })

  it('starts what is wanted running, at its time', () => {
    expect(step({ state: 'PREPARED', wanted: 'running' })).toEqual({ kind: 'start' })
    expect(step({ state: 'STARTING', wanted: 'running', restartAt: 12_000 })).toEqual(rest(12_000))
    expect(step({ state: 'STARTING', wanted: 'running', restartAt: 10_000 })).toEqual({ kind: 'start' })
    expect(step({ state: 'STARTING', wanted: 'running', run: agentRun({ phase: 'creating' }) })).toEqual({
      kind: 'start',
    })
    expect(step({ state: 'STARTING', wanted: 'running', run: agentRun() })).toEqual(rest())
    expect(step({ state: 'RUNNING', wanted: 'running', run: agentRun() })).toEqual(rest())
  })

  it('stops what is not wanted any more', () => {
    expect(step({ state: 'RUNNING', wanted: 'stopped', run: agentRun() })).toEqual({ kind: 'ask' })
    expect(step({ state: 'STARTING', wanted: 'stopped', run: agentRun() })).toEqual({ kind: 'ask' })
    expect(step({ state: 'STARTING', wanted: 'stopped', restartAt: 99_000 })).toEqual({ kind: 'settle' })
    expect(step({ state: 'STOPPING', wanted: 'stopped', stop: { askedAt: 0, step: 'asked' } })).toEqual({
      kind: 'settle',
    })
  })

  it('asks, signals after half of the grace, kills after all of it', () => {
    const stopping = { state: 'STOPPING' as const, wanted: 'stopped' as const, run: agentRun(), spec }
    expect(step({ ...stopping, stop: { askedAt: 9_000, step: 'asked' } })).toEqual(rest(39_000))
    expect(step({ ...stopping, stop: { askedAt: 9_000, step: 'asked' } }, { now: 39_000 })).toEqual({ kind: 'signal' })
    expect(step({ ...stopping, stop: { askedAt: 9_000, step: 'signalled' } }, { now: 39_001 })).toEqual(rest(69_000))
    expect(step({ ...stopping, stop: { askedAt: 9_000, step: 'signalled' } }, { now: 69_000 })).toEqual({
      kind: 'kill',
    })
    expect(step({ ...stopping, stop: { askedAt: 9_000, step: 'killed' } }, { now: 99_000 })).toEqual(rest())
    expect(step({ ...stopping, stop: { askedAt: 9_000, step: 'asked' }, stopNow: true })).toEqual({ kind: 'kill' })
  })

  it('asks once more after a death of the agent, unless a signal was sent', () => {
    const stopping = { state: 'STOPPING' as const, wanted: 'stopped' as const, run: agentRun(), spec }
    expect(step({ ...stopping, stop: { askedAt: 9_000, step: 'asked' } }, { wasAsked: false })).toEqual({ kind: 'ask' })
    expect(step({ ...stopping, stop: { askedAt: 9_000, step: 'signalled' } }, { wasAsked: false })).toEqual(
      rest(69_000),
    )
  })

  it('destroys from every state, once a prepare has let go', () => {
    for (const state of ['PREPARING', 'PREPARED', 'STARTING', 'RUNNING', 'STOPPED', 'FAILED', 'DESTROYING'] as const) {
      expect(step({ state, wanted: 'destroyed', run: agentRun() }, { isLookDue: true })).toEqual({ kind: 'destroy' })
      expect(step({ state, wanted: 'destroyed' }, { isPreparing: true })).toEqual(rest())
    }
    // Told, and its record is still to be removed.
    expect(step({ state: 'DESTROYED', wanted: 'destroyed' })).toEqual({ kind: 'destroy' })
  })
})

describe('the container that proved the mount', () => {
  const proof = { runId: 'run-1', until: 15_000 }
  it('is the one that starts when the wish follows soon, and goes when it does not', () => {
    expect(step({ state: 'PREPARED', proof })).toEqual(rest(15_000))
    expect(step({ state: 'PREPARED', proof }, { now: 15_000 })).toEqual({ kind: 'dropProof' })
    expect(step({ state: 'PREPARED', proof, wanted: 'running' }, { now: 15_000 })).toEqual({ kind: 'start' })
  })
})
