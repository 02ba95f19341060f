import { describe, expect, it } from 'vitest'
import { fitReport, messageBytes } from '../../../agent/message-size'
import { observationOf } from '../../../agent/supervisor/observation'
import { POLICY } from '../../../shared/domain/policy'
import type { NodeReport } from '../../../shared/protocol/agent'
import { agentRecord } from '../../factories/agent-record'

const LIMIT = POLICY.channel.messageBytes

function reportOf(count: number, lastLines: string[], message = 'It crashed.'): NodeReport {
  const instances = Array.from({ length: count }, (_, at) => ({
    ...observationOf(
      agentRecord({
        instanceId: `i-${at}`,
        state: 'FAILED',
        seq: at,
        lastLines,
        reason: { code: 'CRASH_LOOP', message },
      }),
    ),
    name: `Server ${at}`,
  }))
  return { stream: 0, instances } as unknown as NodeReport
}

describe('a report that must fit into one message', () => {
  it('is left as it is when it fits', () => {
    const report = reportOf(10, ['bye'])
    expect(fitReport(report)).toBe(report)
  })

  it('loses last lines, the oldest first, and not one more than it must', () => {
    const report = reportOf(300, Array<string>(20).fill('x'.repeat(400)))
    expect(messageBytes(report)).toBeGreaterThan(LIMIT)
    const fitted = fitReport(report)
    expect(messageBytes(fitted)).toBeLessThan(LIMIT)
    expect(fitted.instances).toHaveLength(300)
    expect(fitted.instances[0]?.lastLines).toEqual([])
    expect(fitted.instances.at(-1)?.lastLines).toHaveLength(20)
    expect(messageBytes(fitted)).toBeGreaterThan(LIMIT - 20_000)
    expect(report.instances[0]?.lastLines).toHaveLength(20)
  })

  it('counts what a control character takes, and shortens reasons when lines are not enough', () => {
    const lines = ['\u0000'.repeat(8_000)]
    expect(messageBytes(fitReport(reportOf(40, lines)))).toBeLessThan(LIMIT)
    const fitted = fitReport(reportOf(600, ['x'], 'y'.repeat(2_000)))
    expect(messageBytes(fitted)).toBeLessThan(LIMIT)
    expect(fitted.instances.every(({ state, reason }) => state === 'FAILED' && reason?.code === 'CRASH_LOOP')).toBe(
      true,
    )
  })
})
