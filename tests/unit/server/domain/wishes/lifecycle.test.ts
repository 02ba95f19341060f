import { describe, expect, it } from 'vitest'
import { INSTANCE_STATE_NAMES } from '../../../../../shared/domain/instance-state'
import {
  wishDestroy,
  wishKill,
  wishRestart,
  wishRetry,
  wishStart,
  wishStop,
} from '../../../../../server/domain/wishes/lifecycle'
import type { Wish } from '../../../../../server/domain/wishes/lifecycle'
import type { InstanceRecord } from '../../../../../server/domain/instance-record'
import { makeRecord, USER } from '../../../../factories/instance-record'

const wished = (wish: Wish, over: Partial<InstanceRecord> = {}) => {
  const record = makeRecord(over)
  const made = wish(record, USER)
  return { made, after: { ...record, ...made?.change }, events: made?.events ?? [] }
}
const STOPPED = { state: 'STOPPED', desired: 'stopped' } as const
const NEW_RUN = { desired: 'running', generation: 2, startGeneration: 2, stopMode: 'none' }

describe('start', () => {
  it('wants a new run of the next generation, and says who wanted it', () => {
    const { after, events } = wished(wishStart, { ...STOPPED, stopMode: 'kill', prepareAttempts: 3 })
    expect(after).toMatchObject({ ...NEW_RUN, prepareAttempts: 0 })
    expect(events).toEqual([
      expect.objectContaining({
        kind: 'wish',
        from: 'stopped',
        to: 'running',
        actor: USER,
        cause: 'start.requested',
        generation: 2,
      }),
    ])
  })

  it.each(['REQUESTED', 'PREPARING', 'PREPARED', 'STARTING', 'RUNNING', 'STOPPING', 'STOPPED'] as const)(
    'changes nothing while it is wanted already (%s)',
    state => {
      expect(wished(wishStart, { state }).made).toBeNull()
    },
  )

  it('tries again what failed, once', () => {
    const { after } = wished(wishStart, { state: 'FAILED' })
    expect(after).toMatchObject(NEW_RUN)
    expect(wishStart(after, USER)).toBeNull()
  })

  it('after a stop that the node has not carried out yet is a restart', () => {
    expect(wished(wishStart, { state: 'RUNNING', desired: 'stopped' }).after).toMatchObject(NEW_RUN)
  })
})

describe('restart', () => {
  it('wants a new run of what runs, and only one however often it is pressed', () => {
    const { after } = wished(wishRestart)
    expect(after).toMatchObject(NEW_RUN)
    expect(wishRestart(after, USER)).toBeNull()
    for (const state of ['STOPPING', 'STOPPED', 'PREPARING', 'PREPARED'] as const) {
      expect(wishRestart({ ...after, state, appliedGeneration: 2 }, USER)).toBeNull()
    }
    expect(wishRestart({ ...after, state: 'RUNNING', appliedGeneration: 2 }, USER)).not.toBeNull()
  })

  it('starts what is stopped', () => {
    expect(wished(wishRestart, STOPPED).after).toMatchObject(NEW_RUN)
  })
})

describe('retry', () => {
  it('raises the generation and keeps what is wanted', () => {
    const { after } = wished(wishRetry, { state: 'FAILED', desired: 'stopped', prepareAttempts: 3 })
    expect(after).toMatchObject({ desired: 'stopped', generation: 2, startGeneration: 2, prepareAttempts: 0 })
    expect(wishRetry(after, USER)).toBeNull()
  })

  it('changes nothing on what is on its way', () => {
    for (const state of ['REQUESTED', 'PREPARING', 'PREPARED', 'STARTING'] as const) {
      expect(wished(wishRetry, { state }).made).toBeNull()
    }
  })

  it('is refused where nothing failed', () => {
    expect(() => wished(wishRetry, { state: 'RUNNING' })).toThrow(/INVALID_TRANSITION/)
    expect(() => wished(wishRetry, STOPPED)).toThrow(/INVALID_TRANSITION/)
  })
})

describe('stop and kill', () => {
  it('stops gracefully, once', () => {
    const { after, events } = wished(wishStop)
    expect(after).toMatchObject({ desired: 'stopped', stopMode: 'graceful', generation: 1 })
    expect(events[0]).toMatchObject({ from: 'running', to: 'stopped', cause: 'stop.requested' })
    expect(wishStop(after, USER)).toBeNull()
  })

  it('gives up what is being prepared, also where it was created as stopped', () => {
    for (const desired of ['running', 'stopped'] as const) {
      const { after } = wished(wishStop, { state: 'PREPARING', desired, stopMode: 'none' })
      expect(after).toMatchObject({ desired: 'stopped', stopMode: 'graceful' })
      expect(wishStop(after, USER)).toBeNull()
    }
    expect(wished(wishStop, { state: 'PREPARED', desired: 'stopped', stopMode: 'none' }).made).toBeNull()
  })

  it('kills what runs or is being stopped, once, and is not taken back by a stop', () => {
    const { after } = wished(wishKill, { state: 'STOPPING', desired: 'stopped' })
    expect(after).toMatchObject({ desired: 'stopped', stopMode: 'kill' })
    expect(wishKill(after, USER)).toBeNull()
    expect(wishStop(after, USER)).toBeNull()
  })

  it('has nothing to kill in what is stopped', () => {
    expect(wished(wishKill, STOPPED).made).toBeNull()
  })

  it('hastens a stop that precedes destruction', () => {
    const { after } = wished(wishKill, { state: 'STOPPING', desired: 'destroyed' })
    expect(after).toMatchObject({ desired: 'destroyed', stopMode: 'kill' })
    expect(() => wished(wishKill, { state: 'STOPPED', desired: 'destroyed' })).toThrow(/INSTANCE_DESTROYED/)
  })
})

describe('destroy', () => {
  it.each(INSTANCE_STATE_NAMES)('is wanted once, from %s', state => {
    if (state === 'DESTROYED' || state === 'DESTROYING')
      return expect(wished(wishDestroy, { state, desired: 'destroyed' }).made).toBeNull()
    const { after } = wished(wishDestroy, { state })
    expect(after).toMatchObject({ desired: 'destroyed', state, stopMode: 'graceful' })
    expect(wishDestroy(after, USER)).toBeNull()
  })

  it.each([wishStart, wishStop, wishRestart, wishRetry])('is final', wish => {
    expect(() => wished(wish, { desired: 'destroyed' })).toThrow(/INSTANCE_DESTROYED/)
  })
})
