import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canBecome,
  INSTANCE_STATE_NAMES,
  INSTANCE_STATES,
  isSettled,
  mayHaveProcess,
  pathBetween,
  TRANSITIONS,
} from '../../../../shared/domain/instance-state'
import type { InstanceState } from '../../../../shared/domain/instance-state'

/** The table of docs, once more and by hand: whoever changes one has to mean it. */
const TABLE: Record<InstanceState, string> = {
  REQUESTED: 'PREPARING, FAILED, DESTROYING',
  PREPARING: 'PREPARED, STOPPED, FAILED, DESTROYING',
  PREPARED: 'STARTING, PREPARING, DESTROYING',
  STARTING: 'RUNNING, STARTING, STOPPING, STOPPED, FAILED',
  RUNNING: 'STARTING, STOPPING, STOPPED, FAILED',
  STOPPING: 'STOPPED',
  STOPPED: 'PREPARING, DESTROYING',
  FAILED: 'PREPARING, DESTROYING',
  DESTROYING: 'DESTROYED',
  DESTROYED: '',
}

const state = fc.constantFrom(...INSTANCE_STATE_NAMES)

describe('the states of an instance', () => {
  it('follow each other as the table says', () => {
    for (const from of INSTANCE_STATE_NAMES)
      expect(`${from}: ${TRANSITIONS[from].join(', ')}`).toBe(`${from}: ${TABLE[from]}`)
  })

  it('have a sentence each', () => {
    for (const sentence of Object.values(INSTANCE_STATES)) expect(sentence).toMatch(/^[A-Z].*\.$/)
  })

  it('allow exactly the steps of the table', () => {
    fc.assert(
      fc.property(state, state, (from, to) => {
        expect(canBecome(from, to)).toBe(TABLE[from].split(', ').includes(to))
      }),
    )
  })

  it('lead nowhere from DESTROYED, and to DESTROYED from everywhere', () => {
    for (const from of INSTANCE_STATE_NAMES) {
      expect([from, pathBetween(from, 'DESTROYED')?.at(-1)]).toEqual([
        from,
        from === 'DESTROYED' ? undefined : 'DESTROYED',
      ])
      expect(pathBetween('DESTROYED', from)).toEqual(from === 'DESTROYED' ? [] : undefined)
    }
  })

  it('have a process only between STARTING and STOPPING', () => {
    expect(INSTANCE_STATE_NAMES.filter(mayHaveProcess)).toEqual(['STARTING', 'RUNNING', 'STOPPING'])
  })

  it('rest where nothing follows without a new wish', () => {
    expect(INSTANCE_STATE_NAMES.filter(isSettled)).toEqual(['PREPARED', 'RUNNING', 'STOPPED', 'FAILED', 'DESTROYED'])
  })
})

describe('pathBetween', () => {
  it.each<[InstanceState, InstanceState, InstanceState[] | undefined]>([
    ['REQUESTED', 'RUNNING', ['PREPARING', 'PREPARED', 'STARTING', 'RUNNING']],
    ['RUNNING', 'PREPARED', ['STOPPED', 'PREPARING', 'PREPARED']],
    ['STOPPING', 'RUNNING', ['STOPPED', 'PREPARING', 'PREPARED', 'STARTING', 'RUNNING']],
    ['RUNNING', 'DESTROYING', ['STOPPED', 'DESTROYING']],
    ['REQUESTED', 'STOPPED', ['PREPARING', 'STOPPED']],
    ['STARTING', 'STARTING', []],
    ['DESTROYING', 'RUNNING', undefined],
    ['RUNNING', 'REQUESTED', undefined],
  ])('%s → %s', (from, to, expected) => {
    expect(pathBetween(from, to)).toEqual(expected)
  })

  it('takes only steps of the table, and never a destruction on the way', () => {
    fc.assert(
      fc.property(state, state, (from, to) => {
        const path = pathBetween(from, to)
        if (path === undefined) return
        const whole = [from, ...path]
        expect(whole.at(-1)).toBe(to)
        for (const [at, next] of path.entries()) expect(canBecome(whole[at] ?? from, next)).toBe(true)
        expect(new Set(path).size).toBe(path.length)
        if (to !== 'DESTROYING' && to !== 'DESTROYED') expect(path).not.toContain('DESTROYING')
      }),
    )
  })

  it('finds none that is shorter: a random walk never arrives sooner', () => {
    fc.assert(
      fc.property(state, fc.array(fc.nat(), { maxLength: 12 }), (from, choices) => {
        let at: InstanceState = from
        for (const [steps, choice] of choices.entries()) {
          const next: InstanceState | undefined = TRANSITIONS[at][choice % Math.max(1, TRANSITIONS[at].length)]
          if (next === undefined) return
          at = next
          if (at !== from) expect(pathBetween(from, at)?.length).toBeLessThanOrEqual(steps + 1)
        }
      }),
    )
  })
})
