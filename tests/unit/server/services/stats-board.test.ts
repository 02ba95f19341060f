import { expect, it } from 'vitest'
import { createStatsBoard } from '../../../../server/services/stats-board'
import { POLICY } from '../../../../shared/domain/policy'
import type { RunUsage } from '../../../../shared/schemas/usage'
import { fakeLoad } from '../../../fakes/fake-machine'

const MINUTE = 60_000
const HOUR_WRONG = 3_600_000

function board() {
  let now = 1_000 * MINUTE
  const made = createStatsBoard({ now: () => now })
  let cpuSeconds = 0
  return {
    ...made,
    now: () => now,
    pass(ms: number) {
      now += ms
    },
    /** A heartbeat of a node whose clock is an hour ahead. */
    hear(used: number, runId = 'run-1') {
      cpuSeconds += used
      const usage: RunUsage = {
        at: now + HOUR_WRONG,
        cpuSeconds,
        memoryBytes: 512 * 1024 ** 2,
        networkRxBytes: null,
        networkTxBytes: null,
        diskReadBytes: null,
        diskWriteBytes: null,
      }
      const ownFiles = { bytes: 5, files: 1, at: now + HOUR_WRONG - 4_000 }
      made.heardInstance({ instanceId: 'one', runId, usage, ownFiles }, now + HOUR_WRONG)
    },
  }
}

it('has a right history by its own clock, and no rate for what came before', () => {
  const one = board()
  one.hear(100)
  expect(one.present('one').load).toMatchObject({ at: one.now(), cpu: null, memoryBytes: 512 * 1024 ** 2 })
  expect(one.present('one').ownFiles).toEqual({ bytes: 5, files: 1, at: one.now() - 4_000 })
  for (let at = 0; at < 8; at++) {
    one.pass(15_000)
    one.hear(7.5)
  }
  expect(one.present('one').load?.cpu).toBeCloseTo(0.5)
  const { points, stepMs } = one.instance('one')
  expect(stepMs).toBe(MINUTE)
  expect(points.map(point => point.at)).toEqual([1_000 * MINUTE, 1_001 * MINUTE, 1_002 * MINUTE])
  for (const point of points) expect(point.cpu).toBeCloseTo(0.5)
})

it('shows a silent node, a restart and a stop as what they are: no data', () => {
  const one = board()
  one.hear(1)
  one.pass(15_000)
  one.hear(1)
  one.pass(POLICY.stats.freshMs + 1)
  expect(one.present('one')).toMatchObject({ load: null, totals: null, ownFiles: { bytes: 5 } })
  one.pass(10 * MINUTE)
  one.hear(1, 'run-2')
  expect(one.present('one').load).toMatchObject({ cpu: null })
  const { points } = one.instance('one')
  expect(points).toHaveLength(2)
  expect(points[1]).toMatchObject({ cpu: null })
  one.heardInstance({ instanceId: 'one', runId: null, usage: null, ownFiles: null }, one.now())
  expect(one.present('one').load).toBeNull()
  one.forgetInstance('one')
  expect(one.instance('one')).toEqual({ stepMs: MINUTE, points: [], ownFiles: null })
})

it('keeps the mean CPU of a machine for each minute', () => {
  const one = board()
  for (const cpu of [0.2, 0.4]) one.heardNode('n', { ...fakeLoad(1), cpu })
  one.pass(MINUTE)
  one.heardNode('n', { ...fakeLoad(1), cpu: 0.9 })
  expect(one.node('n').points.map(point => Math.round(point.cpu * 100))).toEqual([30, 90])
  one.forgetNode('n')
  expect(one.node('n').points).toEqual([])
})

it('holds 20,000 servers in less than 80 MB', () => {
  const one = createStatsBoard({ now: () => 1 })
  const before = process.memoryUsage()
  const usage = {
    at: 1,
    cpuSeconds: 1,
    memoryBytes: 1,
    networkRxBytes: 1,
    networkTxBytes: 1,
    diskReadBytes: 1,
    diskWriteBytes: 1,
  }
  for (let at = 0; at < 20_000; at++)
    one.heardInstance({ instanceId: `i-${at}`, runId: 'r', usage: { ...usage }, ownFiles: null }, 1)
  const after = process.memoryUsage()
  const grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers
  expect(grown).toBeLessThan(80 * 1024 ** 2)
})
