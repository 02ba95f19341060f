import { describe, expect, it } from 'vitest'
import { contactOf } from '../../../../server/domain/contact'

const at = (now: number, lastHeard: number | null, hasJoined = true) =>
  contactOf({ hasJoined, lastHeard, brainStarted: 0, now })

describe('contact, from silence alone', () => {
  it.each([
    [100_000, 100_000, 'online'],
    [100_000, 80_001, 'online'],
    [100_000, 80_000, 'suspect'],
    [100_000, 55_001, 'suspect'],
    [100_000, 55_000, 'offline'],
  ] as const)('at %i, heard at %i: %s', (now, lastHeard, expected) => {
    expect(at(now, lastHeard)).toBe(expected)
  })

  it('calls nobody offline within the grace after a brain start', () => {
    expect(at(1, null)).toBe('suspect')
    expect(at(59_999, null)).toBe('suspect')
    expect(at(60_000, null)).toBe('offline')
    expect(at(59_999, 1)).toBe('suspect')
    expect(at(60_000, 1)).toBe('offline')
  })

  it('is pending for a node that never joined', () => {
    expect(at(100_000, null, false)).toBe('pending')
  })
})
