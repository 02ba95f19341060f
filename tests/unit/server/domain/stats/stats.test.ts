import { expect, it } from 'vitest'
import { MinuteRing } from '../../../../../server/domain/stats/minute-ring'
import { loadBetween } from '../../../../../server/domain/stats/run-load'
import type { Reading } from '../../../../../server/domain/stats/run-load'

const reading = (change: Partial<Reading['usage']> = {}, runId = 'run-1'): Reading => ({
  runId,
  usage: {
    at: 10_000,
    cpuSeconds: 5,
    memoryBytes: 100,
    networkRxBytes: 1_000,
    networkTxBytes: null,
    diskReadBytes: 0,
    diskWriteBytes: 0,
    ...change,
  },
})

it('makes rates of two readings; what is not known stays so', () => {
  const later = reading({ at: 20_000, cpuSeconds: 20, networkRxBytes: 3_000, diskWriteBytes: 50 })
  expect(loadBetween(reading(), later, 99)).toEqual({
    at: 99,
    cpu: 1.5,
    memoryBytes: 100,
    networkRxPerSecond: 200,
    networkTxPerSecond: null,
    diskReadPerSecond: 0,
    diskWritePerSecond: 5,
  })
})

it.each([
  ['without a reading before', null, reading()],
  ['after a new start', reading(), reading({ at: 20_000, cpuSeconds: 9 }, 'run-2')],
  ['of totals that shrank', reading(), reading({ at: 20_000, cpuSeconds: 1, networkRxBytes: 1 })],
  ['over a gap', reading(), reading({ at: 10_000_000, cpuSeconds: 9, networkRxBytes: 9_000 })],
  ['when the clock was set back', reading(), reading({ at: 1_000, cpuSeconds: 9, networkRxBytes: 9_000 })],
])('knows no rate %s', (_why, before, after) => {
  expect(loadBetween(before, after, 1)).toMatchObject({ cpu: null, networkRxPerSecond: null, memoryBytes: 100 })
})

it('keeps the last steps, leaves out those without data, and forgets the oldest', () => {
  const ring = new MinuteRing(3, 2)
  ring.put(100, [1, null])
  ring.put(102, [2, 20])
  ring.put(102, [3, 30])
  expect(ring.read(102)).toEqual([
    { step: 100, values: [1, null] },
    { step: 102, values: [3, 30] },
  ])
  expect(ring.read(104)).toEqual([{ step: 102, values: [3, 30] }])
  ring.put(103, [4, 40])
  expect(ring.read(103).map(({ step }) => step)).toEqual([102, 103])
})
