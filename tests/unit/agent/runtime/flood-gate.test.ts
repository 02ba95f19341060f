import { describe, expect, it } from 'vitest'
import type { OutputLine } from '../../../../agent/runtime/container-runtime'
import { FloodGate } from '../../../../agent/runtime/flood-gate'
import { POLICY } from '../../../../shared/domain/policy'

const { floodLines, floodWindowMs } = POLICY.console
const lines = (count: number, at: number | null, from = 0): OutputLine[] =>
  Array.from({ length: count }, (_, index) => ({ position: String(from + index), text: `line ${from + index}`, at }))

describe('a flood of lines', () => {
  it('is cut within a window, counted, and told of when it is over, with its last lines', () => {
    const gate = new FloodGate(0)
    expect(gate.pass(lines(floodLines + 520, 1_000))).toHaveLength(floodLines)
    const after = gate.pass(lines(1, 1_000 + floodWindowMs, 9_000))
    const last = Array.from({ length: 20 }, (_, index) => `line ${floodLines + 500 + index}`)
    const marker = `… 500 lines cut: the server wrote more than ${floodLines} lines within ${floodWindowMs} ms`
    expect(after.map(line => line.text)).toEqual([marker, ...last, 'line 9000'])
    expect(after.map(line => line.number)).toEqual(Array.from({ length: 22 }, (_, index) => floodLines + 500 + index))
    expect(gate.settle()).toEqual([])
  })

  it('is told of also when nothing comes any more', () => {
    const gate = new FloodGate(10)
    gate.pass(lines(floodLines + 21, 1_000))
    const end = gate.settle()
    expect(end).toHaveLength(21)
    expect(end[0]).toMatchObject({ number: floodLines + 11, text: expect.stringContaining('1 lines cut') })
    expect(end.at(-1)).toMatchObject({ text: `line ${floodLines + 20}`, position: String(floodLines + 20) })
    expect(gate.settle()).toEqual([])
  })

  it('is none when the lines were written over a longer time, or before anybody read', () => {
    const gate = new FloodGate(0)
    const slowly = lines(floodLines * 3, 0).map((line, index) => ({ ...line, at: index }))
    expect(gate.pass(slowly)).toHaveLength(floodLines * 3)
    expect(new FloodGate(0).pass(lines(floodLines * 3, null))).toHaveLength(floodLines * 3)
  })
})
