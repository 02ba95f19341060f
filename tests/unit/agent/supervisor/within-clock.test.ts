import { describe, expect, it } from 'vitest'
import { withinClock } from '../../../../agent/supervisor/within-clock'
import { agentRecord } from '../../../factories/agent-record'

const clock = { now: () => 1_000_000, restart: { delaysMs: [5_000, 300_000] } }

describe('times of a record', () => {
  it('that the clock of now could have given stay', () => {
    const record = agentRecord({ restartAt: 1_200_000, stop: { askedAt: 900_000, step: 'asked' } })
    expect(withinClock(record, clock)).toEqual(record)
  })

  it('of a clock that was ahead do not make anything wait for years', () => {
    const record = agentRecord({ restartAt: 9e12, stop: { askedAt: 9e12, step: 'asked' } })
    expect(withinClock(record, clock)).toMatchObject({ restartAt: 1_300_000, stop: { askedAt: 1_000_000 } })
  })
})
