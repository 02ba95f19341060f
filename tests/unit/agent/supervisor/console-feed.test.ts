import { expect, it, vi } from 'vitest'
import { ConsoleFeed } from '../../../../agent/supervisor/console-feed'
import { POLICY } from '../../../../shared/domain/policy'

const line = (number: number, text = `line ${number}`) => ({ number, text, position: String(number) })

it('gathers lines, keeps runs and gaps apart, and fills no message', () => {
  vi.useFakeTimers()
  const sent: { runId: string; from: number; lines: string[] }[] = []
  const feed = new ConsoleFeed('i-1', message => sent.push(message))
  feed.push('run-1', [line(0), line(1)])
  feed.push('run-1', [line(2), line(10)])
  feed.push('run-2', [line(11)])
  expect(sent).toEqual([])
  vi.advanceTimersByTime(POLICY.console.floodWindowMs)
  expect(sent.map(({ runId, from, lines }) => [runId, from, lines.length])).toEqual([
    ['run-1', 0, 3],
    ['run-1', 10, 1],
    ['run-2', 11, 1],
  ])
  sent.length = 0
  feed.push(
    'run-2',
    Array.from({ length: POLICY.console.floodLines + 1 }, (_, index) => line(index)),
  )
  feed.push(
    'run-2',
    Array.from({ length: 40 }, (_, index) => line(5_000 + index, 'x'.repeat(POLICY.console.lineBytes))),
  )
  feed.flush()
  expect(sent.map(({ from, lines }) => [from, lines.length])).toEqual([
    [0, POLICY.console.floodLines],
    [POLICY.console.floodLines, 1],
    [5_000, 16],
    [5_016, 16],
    [5_032, 8],
  ])
  sent.length = 0
  feed.push('run-2', [line(1)])
  feed.clear()
  vi.runAllTimers()
  expect(sent).toEqual([])
  vi.useRealTimers()
})

it('tells lines in messages that the brain takes, whatever is in them', () => {
  const sent: unknown[] = []
  const feed = new ConsoleFeed('i-1', message => sent.push(message))
  const text = '\u0000'.repeat(POLICY.console.lineBytes)
  feed.push(
    'run-1',
    Array.from({ length: 16 }, (_, number) => line(number, text)),
  )
  feed.flush()
  expect(sent.length).toBeGreaterThan(1)
  for (const message of sent)
    expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(POLICY.channel.messageBytes)
})
