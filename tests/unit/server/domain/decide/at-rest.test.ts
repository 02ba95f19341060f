import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DESIRED_STATES, INSTANCE_STATE_NAMES } from '../../../../../shared/domain/instance-state'
import { isAtRest } from '../../../../../server/domain/decide/at-rest'
import { decide } from '../../../../../server/domain/decide/decide'
import { makeRecord } from '../../../../factories/instance-record'

const records = fc
  .record({
    state: fc.constantFrom(...INSTANCE_STATE_NAMES),
    desired: fc.constantFrom(...DESIRED_STATES),
    stopMode: fc.constantFrom('none' as const, 'graceful' as const, 'kill' as const),
    generation: fc.integer({ min: 1, max: 4 }),
    startGeneration: fc.integer({ min: 1, max: 4 }),
    appliedGeneration: fc.option(fc.integer({ min: 1, max: 4 })),
    nodeId: fc.constantFrom(null, 'n1'),
    prepareAttempts: fc.integer({ min: 0, max: 4 }),
  })
  // No start is wanted of a generation that does not exist, and only what waits for a place has no node.
  .filter(({ generation, startGeneration }) => startGeneration <= generation)
  .filter(({ nodeId, state }) => nodeId !== null || state === 'REQUESTED' || state === 'DESTROYED')
  .map(makeRecord)

const around = fc.record({
  isNodeReady: fc.boolean(),
  isStillHeld: fc.constant(false),
  quietMs: fc.constantFrom(0, 10_000_000),
  sent: fc.constant(null),
  placeTriedMsAgo: fc.constant(null),
  now: fc.constantFrom(0, 10_000_000),
})

describe('at rest', () => {
  it('means that nothing can follow, whatever node and clock say', () => {
    fc.assert(
      fc.property(records, around, (record, surroundings) => {
        if (isAtRest(record)) expect(decide(record, surroundings)).toEqual([])
      }),
      { numRuns: 2_000 },
    )
  })

  it('is not said of what time or a node will move', () => {
    expect(isAtRest(makeRecord({ state: 'STARTING' }))).toBe(false)
    expect(isAtRest(makeRecord({ state: 'FAILED', generation: 2, startGeneration: 2 }))).toBe(false)
    expect(isAtRest(makeRecord({ state: 'RUNNING' }))).toBe(true)
  })
})
