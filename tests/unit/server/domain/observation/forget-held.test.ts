import { describe, expect, it } from 'vitest'
import type { InstanceRecord } from '../../../../../server/domain/instance-record'
import { forgetHeld } from '../../../../../server/domain/observation/forget-held'
import { makeRecord, observedOf } from '../../../../factories/instance-record'

function forgotten(over: Partial<InstanceRecord>) {
  const record = makeRecord({ observed: observedOf({ seq: 9 }), ...over })
  const made = forgetHeld(record, 77)
  return { made, after: { ...record, ...made?.change }, events: made?.events ?? [] }
}

describe('what a node holds no longer', () => {
  it.each(['STARTING', 'RUNNING', 'STOPPING'] as const)('ran: it is stopped (%s)', state => {
    const { after, events } = forgotten({ state })
    expect(after).toMatchObject({ state: 'STOPPED', desired: 'running', appliedGeneration: null, stateSince: 77 })
    expect(after.reason).toMatchObject({ code: 'NOT_HELD' })
    expect(events[0]).toMatchObject({ kind: 'transition', from: state, to: 'STOPPED', cause: 'node.reported' })
  })

  it.each(['PREPARED', 'PREPARING'] as const)('was laid out: it is to be laid out again (%s)', state => {
    expect(forgotten({ state }).after).toMatchObject({ state: 'PREPARING', appliedGeneration: null })
  })

  it('rested: it says once what it lost', () => {
    const { after } = forgotten({ state: 'STOPPED', desired: 'stopped' })
    expect(after).toMatchObject({ state: 'STOPPED', reason: { code: 'NOT_HELD' } })
    expect(forgetHeld(after, 78)).toBeNull()
  })

  it('failed: it keeps its failure and is not tried again by itself', () => {
    const reason = { code: 'CRASHED', message: 'It crashed.', at: 1 }
    const { after } = forgotten({ state: 'FAILED', reason })
    expect(after).toMatchObject({ state: 'FAILED', reason, appliedGeneration: 1 })
    expect(forgetHeld(after, 78)).toBeNull()
  })

  it('was never there: nothing changes', () => {
    expect(forgotten({ state: 'REQUESTED', observed: null }).made).toBeNull()
    expect(forgotten({ state: 'DESTROYED', desired: 'destroyed' }).made).toBeNull()
  })

  it.each(['REQUESTED', 'PREPARED', 'STOPPED', 'FAILED', 'RUNNING', 'DESTROYING'] as const)(
    'was to be destroyed: it is (%s)',
    state => {
      const { after, events } = forgotten({ state, desired: 'destroyed', observed: null })
      expect(after.state).toBe('DESTROYED')
      expect(events.at(-1)).toMatchObject({ from: 'DESTROYING', to: 'DESTROYED' })
    },
  )

  it('takes new observations from the beginning', () => {
    expect(forgotten({}).after.observed).toMatchObject({ seq: -1, startedAt: null })
  })
})
