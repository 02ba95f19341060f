import { describe, expect, it } from 'vitest'
import { INSTANCE_STATE_NAMES, mayHaveProcess } from '../../../../../shared/domain/instance-state'
import { POLICY } from '../../../../../shared/domain/policy'
import type { Action, Surroundings } from '../../../../../server/domain/decide/actions'
import { decide } from '../../../../../server/domain/decide/decide'
import type { InstanceRecord } from '../../../../../server/domain/instance-record'
import { makeRecord } from '../../../../factories/instance-record'

const AROUND: Surroundings = {
  isNodeReady: true,
  isStillHeld: false,
  quietMs: 0,
  sent: null,
  placeTriedMsAgo: null,
  now: 1_000,
}

const decided = (record: Partial<InstanceRecord>, around: Partial<Surroundings> = {}) =>
  decide(makeRecord(record), { ...AROUND, ...around })

const say = (actions: readonly Action[]) =>
  actions.map(action =>
    action.kind === 'mark'
      ? `mark ${action.state}${action.reason ? ` ${action.reason.code}` : ''}`
      : action.kind === 'place'
        ? 'place'
        : `${action.kind} ${action.generation}`,
  )

/** Generation 5 is wanted; 4 or 5 is there; a run must be of `startGeneration` at least. */
const OLD = { generation: 5, startGeneration: 5, appliedGeneration: 4 }
const PENDING = { generation: 5, startGeneration: 4, appliedGeneration: 4 }
const CURRENT = { generation: 5, startGeneration: 5, appliedGeneration: 5 }

describe('what follows from desired and observed', () => {
  it.each<[string, Partial<InstanceRecord>, string[]]>([
    ['running, no node', { state: 'REQUESTED', nodeId: null }, ['place']],
    ['running, REQUESTED', { state: 'REQUESTED', appliedGeneration: null }, ['prepare 1']],
    ['running, PREPARING', { state: 'PREPARING', ...CURRENT }, []],
    ['running, PREPARING something older', { state: 'PREPARING', ...OLD }, ['prepare 5']],
    ['running, PREPARED', { state: 'PREPARED', ...CURRENT }, ['start 5']],
    ['running, PREPARED of old', { state: 'PREPARED', ...PENDING }, ['prepare 5']],
    ['running, STARTING', { state: 'STARTING', ...CURRENT }, []],
    ['running, STARTING, restart wanted', { state: 'STARTING', ...OLD }, ['stop 5']],
    ['running, RUNNING', { state: 'RUNNING', ...CURRENT }, []],
    ['running, RUNNING with a pending change', { state: 'RUNNING', ...PENDING }, []],
    ['running, RUNNING, restart wanted', { state: 'RUNNING', ...OLD }, ['stop 5']],
    ['running, STOPPING', { state: 'STOPPING', ...OLD }, []],
    ['running, STOPPED', { state: 'STOPPED', ...CURRENT }, ['prepare 5']],
    ['running, FAILED', { state: 'FAILED', ...CURRENT }, []],
    ['running, FAILED, changed since', { state: 'FAILED', ...PENDING }, []],
    ['running, FAILED, another try wanted', { state: 'FAILED', ...OLD }, ['prepare 5']],

    ['stopped, no node', { desired: 'stopped', state: 'REQUESTED', nodeId: null }, ['place']],
    ['stopped, REQUESTED', { desired: 'stopped', state: 'REQUESTED', appliedGeneration: null }, ['prepare 1']],
    ['stopped, PREPARING', { desired: 'stopped', state: 'PREPARING' }, ['stop 1']],
    ['stopped, PREPARING, killed', { desired: 'stopped', state: 'PREPARING', stopMode: 'kill' }, ['stop 1']],
    ['created stopped, PREPARING', { desired: 'stopped', state: 'PREPARING', stopMode: 'none' }, []],
    [
      'stopped, PREPARING, lost by the node',
      { desired: 'stopped', state: 'PREPARING', appliedGeneration: null },
      ['prepare 1'],
    ],
    ['stopped, PREPARED', { desired: 'stopped', state: 'PREPARED' }, []],
    ['stopped, STARTING', { desired: 'stopped', state: 'STARTING' }, ['stop 1']],
    ['stopped, RUNNING', { desired: 'stopped', state: 'RUNNING' }, ['stop 1']],
    ['stopped, RUNNING, kill', { desired: 'stopped', state: 'RUNNING', stopMode: 'kill' }, ['kill 1']],
    ['stopped, STOPPING', { desired: 'stopped', state: 'STOPPING' }, []],
    ['stopped, STOPPING, kill', { desired: 'stopped', state: 'STOPPING', stopMode: 'kill' }, ['kill 1']],
    ['stopped, STOPPED', { desired: 'stopped', state: 'STOPPED' }, []],
    ['stopped, FAILED', { desired: 'stopped', state: 'FAILED' }, []],
    ['stopped, FAILED, another try wanted', { desired: 'stopped', state: 'FAILED', ...OLD }, ['prepare 5']],

    ['destroyed, no node', { desired: 'destroyed', state: 'REQUESTED', nodeId: null }, ['mark DESTROYED']],
    ['destroyed, REQUESTED', { desired: 'destroyed', state: 'REQUESTED' }, ['destroy 1']],
    ['destroyed, PREPARING', { desired: 'destroyed', state: 'PREPARING' }, ['destroy 1']],
    ['destroyed, PREPARED', { desired: 'destroyed', state: 'PREPARED' }, ['destroy 1']],
    ['destroyed, STARTING', { desired: 'destroyed', state: 'STARTING' }, ['stop 1']],
    ['destroyed, RUNNING saves its world first', { desired: 'destroyed', state: 'RUNNING' }, ['stop 1']],
    ['destroyed, RUNNING, kill', { desired: 'destroyed', state: 'RUNNING', stopMode: 'kill' }, ['kill 1']],
    ['destroyed, STOPPING', { desired: 'destroyed', state: 'STOPPING' }, []],
    ['destroyed, STOPPING, kill', { desired: 'destroyed', state: 'STOPPING', stopMode: 'kill' }, ['kill 1']],
    ['destroyed, STOPPED', { desired: 'destroyed', state: 'STOPPED' }, ['destroy 1']],
    ['destroyed, FAILED', { desired: 'destroyed', state: 'FAILED' }, ['destroy 1']],
    ['destroyed, DESTROYING', { desired: 'destroyed', state: 'DESTROYING' }, ['destroy 1']],
    ['destroyed, DESTROYED', { desired: 'destroyed', state: 'DESTROYED' }, []],
  ])('%s', (_name, record, expected) => {
    expect(say(decided(record))).toEqual(expected)
  })

  it('destroys once more what a node still holds although it was destroyed', () => {
    const record = { desired: 'destroyed', state: 'DESTROYED' } as const
    expect(say(decided(record, { isStillHeld: true }))).toEqual(['destroy 1'])
    expect(decided({ ...record, nodeId: null }, { isStillHeld: true })).toEqual([])
  })
})

describe('time', () => {
  const preparing = { state: 'PREPARING', appliedGeneration: 1, stateSince: 7 } as const
  const stalled = { quietMs: POLICY.prepare.stalledAfterMs }

  it('prepares again, counted, when nothing moves for too long', () => {
    expect(decided(preparing, { quietMs: POLICY.prepare.stalledAfterMs - 1 })).toEqual([])
    expect(decided(preparing, stalled)).toEqual([{ kind: 'prepare', generation: 1, attempt: 1 }])
    expect(decided({ ...preparing, prepareAttempts: 2 }, stalled)).toEqual([
      { kind: 'prepare', generation: 1, attempt: 3 },
    ])
  })

  it('gives up after the last try, in words', () => {
    const [mark] = decided({ ...preparing, prepareAttempts: POLICY.prepare.retries }, stalled)
    expect(mark).toMatchObject({ kind: 'mark', state: 'FAILED', reason: { code: 'PREPARE_STALLED' } })
  })

  it('prepares anew what was created as stopped, and never stalls a node that is away', () => {
    expect(say(decided({ ...preparing, desired: 'stopped', stopMode: 'none' }, stalled))).toEqual(['prepare 1'])
    expect(decided({ ...preparing, prepareAttempts: 9 }, { ...stalled, isNodeReady: false })).toEqual([])
  })

  it('asks for the newest generation only once while the node is at it', () => {
    const sent = { kind: 'prepare', generation: 5, stateSince: 3, sinceMs: 999_999 } as const
    expect(decided({ state: 'PREPARING', ...OLD }, { sent })).toEqual([])
    expect(say(decided({ state: 'PREPARING', ...OLD }, { sent: { ...sent, generation: 4 } }))).toEqual(['prepare 5'])
  })

  it('says that a server is overdue and leaves it alone', () => {
    const late = { now: 600_001 + POLICY.channel.resendMs }
    const [mark, ...others] = decided({ state: 'STARTING', stateSince: 0 }, late)
    expect(mark).toMatchObject({ kind: 'mark', state: 'STARTING', reason: { code: 'OVERDUE' } })
    expect(others).toEqual([])
    expect(decided({ state: 'STARTING', stateSince: 1 }, late)).toEqual([])
    const said = { code: 'RESTART_DELAY', message: 'Waiting.', at: 0 }
    expect(decided({ state: 'STARTING', stateSince: 0, reason: said }, late)).toEqual([])
    expect(decided({ state: 'RUNNING', stateSince: 0 }, late)).toEqual([])
  })

  it('takes the time limit from the layers', () => {
    const effective = { resources: {}, readyTimeoutSeconds: 5 }
    expect(
      say(decided({ state: 'STARTING', stateSince: 0, effective }, { now: 5_001 + POLICY.channel.resendMs })),
    ).toEqual(['mark STARTING OVERDUE'])
  })

  it('looks for a place again only after a while', () => {
    const waiting = { state: 'REQUESTED', nodeId: null } as const
    expect(decided(waiting, { placeTriedMsAgo: POLICY.channel.resendMs - 1 })).toEqual([])
    expect(say(decided(waiting, { placeTriedMsAgo: POLICY.channel.resendMs }))).toEqual(['place'])
  })
})

describe('commands that were given', () => {
  const prepared = { state: 'PREPARED', stateSince: 3 } as const
  const sent = { kind: 'start', generation: 1, stateSince: 3, sinceMs: 0 } as const

  it('are not given again before their time', () => {
    expect(decided(prepared, { sent })).toEqual([])
    expect(say(decided(prepared, { sent: { ...sent, sinceMs: POLICY.channel.resendMs } }))).toEqual(['start 1'])
  })

  it('are given again for another state, generation or kind', () => {
    expect(say(decided(prepared, { sent: { ...sent, stateSince: 2 } }))).toEqual(['start 1'])
    expect(say(decided(prepared, { sent: { ...sent, generation: 0 } }))).toEqual(['start 1'])
    expect(say(decided(prepared, { sent: { ...sent, kind: 'prepare' } }))).toEqual(['start 1'])
  })

  it('are one kill and one destruction, also when the node has begun with them', () => {
    const killing = { state: 'STOPPING', desired: 'stopped', stopMode: 'kill', stateSince: 4 } as const
    expect(decided(killing, { sent: { ...sent, kind: 'kill' } })).toEqual([])
    const destroying = { state: 'DESTROYING', desired: 'destroyed', stateSince: 4 } as const
    expect(decided(destroying, { sent: { ...sent, kind: 'destroy' } })).toEqual([])
    const late = { ...sent, kind: 'destroy', sinceMs: POLICY.channel.resendMs } as const
    expect(say(decided(destroying, { sent: late }))).toEqual(['destroy 1'])
  })

  it('pass from stop to kill at once', () => {
    const record = { state: 'RUNNING', desired: 'stopped', stopMode: 'kill', stateSince: 3 } as const
    expect(say(decided(record, { sent: { ...sent, kind: 'stop' } }))).toEqual(['kill 1'])
  })
})

describe('always', () => {
  const every = INSTANCE_STATE_NAMES.flatMap(state =>
    (['running', 'stopped', 'destroyed'] as const).flatMap(desired =>
      (['none', 'graceful', 'kill'] as const).flatMap(stopMode =>
        [OLD, PENDING, CURRENT].map(generations => ({ state, desired, stopMode, ...generations })),
      ),
    ),
  )

  it.each(every)('$state, wanted $desired, $stopMode, $appliedGeneration of $generation', record => {
    expect(decided(record, { isNodeReady: false })).toEqual([])
    const actions = decided(record, { quietMs: 999_999_999, now: 999_999_999 })
    const kinds = actions.map(({ kind }) => kind)
    expect(actions.length).toBeLessThanOrEqual(1)
    if (record.desired !== 'destroyed') expect(kinds).not.toContain('destroy')
    if (kinds.includes('stop')) expect(mayHaveProcess(record.state) || record.state === 'PREPARING').toBe(true)
    if (kinds.includes('kill')) expect(mayHaveProcess(record.state)).toBe(true)
    if (kinds.includes('destroy')) expect(mayHaveProcess(record.state)).toBe(false)
    if (kinds.includes('kill')) expect(record.stopMode).toBe('kill')
  })
})
