import { describe, expect, it } from 'vitest'
import type { OutputLine } from '../../../../agent/runtime/container-runtime'
import { FloodGate } from '../../../../agent/runtime/flood-gate'
import { POLICY } from '../../../../shared/domain/policy'

const { floodLines, floodWindowMs } = POLICY.console
const lines = (count: number, at: number | null, from = 0): OutputLine[] =>
  Array.from({ length: count }, (_, index) => ({ position: String(from + index), text: `line ${from + index}`, at }))

describe('a flood of lines', () => {
  it('is cut within a window, counted, and told of when it is over', () => {
    const gate = new FloodGate(0)
    expect(gate.pass(lines(floodLines + 500, 1_000))).toHaveLength(floodLines)
    const after = gate.pass(lines(1, 1_000 + floodWindowMs, 9_000))
    expect(after.map(line => line.text)).toEqual([
      `… 500 lines cut: the server wrote more than ${floodLines} lines within ${floodWindowMs} ms`,
      'line 9000',
    ])
    expect(after.map(line => line.number)).toEqual([floodLines + 500, floodLines + 501])
    expect(gate.settle()).toEqual([])
  })

  it('is told of also when nothing comes any more', () => {
    const gate = new FloodGate(10)
    gate.pass(lines(floodLines + 1, 1_000))
    expect(gate.settle()).toMatchObject([{ number: floodLines + 11, position: String(floodLines) }])
    expect(gate.settle()).toEqual([])
  })

  it('is none when the lines were written over a longer time, or before anybody read', () => {
    const gate = new FloodGate(0)
    const slowly = lines(floodLines * 3, 0).map((line, index) => ({ ...line, at: index }))
    expect(gate.pass(slowly)).toHaveLength(floodLines * 3)
    expect(new FloodGate(0).pass(lines(floodLines * 3, null))).toHaveLength(floodLines * 3)
  })
})
