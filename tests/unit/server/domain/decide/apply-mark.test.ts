import { describe, expect, it } from 'vitest'
import { applyMark, noteRefusal } from '../../../../../server/domain/decide/apply-mark'
import { makeRecord } from '../../../../factories/instance-record'

const reason = { code: 'PREPARE_STALLED', message: 'No progress.' }

describe('what the brain finds by itself', () => {
  it('is a failure of what was wanted last, which only a newer wish tries again', () => {
    const record = makeRecord({ state: 'PREPARING', generation: 3, appliedGeneration: 2 })
    const { change, events } = applyMark(record, { state: 'FAILED', reason }, 9)
    expect(change).toMatchObject({ state: 'FAILED', stateSince: 9, appliedGeneration: 3, reason: { ...reason, at: 9 } })
    expect(events).toEqual([
      expect.objectContaining({ kind: 'transition', from: 'PREPARING', to: 'FAILED', cause: 'prepare.stalled' }),
    ])
  })

  it('keeps to the table of states, step by step', () => {
    const { events } = applyMark(makeRecord({ state: 'STOPPED' }), { state: 'FAILED', reason }, 9)
    expect(events.map(({ from, to }) => `${from} ${to}`)).toEqual(['STOPPED PREPARING', 'PREPARING FAILED'])
    const gone = applyMark(makeRecord({ state: 'REQUESTED' }), { state: 'DESTROYED', reason: null }, 9)
    expect(gone.events.map(({ to }) => to)).toEqual(['DESTROYING', 'DESTROYED'])
  })

  it('beside a state leaves the state and its time alone', () => {
    const { change, events } = applyMark(makeRecord({ state: 'STARTING' }), { state: 'STARTING', reason }, 9)
    expect(change).toEqual({ reason: { ...reason, at: 9 } })
    expect(events[0]?.kind).toBe('note')
  })
})

describe('a refusal of a node', () => {
  it('is said once', () => {
    const record = makeRecord()
    const made = noteRefusal(record, { code: 'DISK_FULL', message: 'Full.' }, 9)
    expect(made?.change.reason).toEqual({ code: 'DISK_FULL', message: 'Full.', at: 9 })
    expect(noteRefusal({ ...record, ...made?.change }, { code: 'DISK_FULL', message: 'Full.' }, 10)).toBeNull()
  })
})
