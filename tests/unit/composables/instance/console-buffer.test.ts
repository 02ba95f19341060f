import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConsoleBuffer, overlapLength } from '../../../../composables/instance/console-buffer'

const texts = (buffer: ConsoleBuffer) => buffer.rows.map(row => (row.kind === 'line' ? row.text : row.kind))

describe('ConsoleBuffer', () => {
  it('tells lines once that both the history and the live messages hold', () => {
    const buffer = new ConsoleBuffer(100)
    buffer.append({ runId: 'r', from: 2, lines: ['c', 'd'] })
    buffer.prepend(['a', 'b', 'c'])
    expect(texts(buffer)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('puts a whole history before lines it does not hold', () => {
    const buffer = new ConsoleBuffer(100)
    buffer.append({ runId: 'r', from: 2, lines: ['c'] })
    buffer.prepend(['a', 'b'])
    expect(texts(buffer)).toEqual(['a', 'b', 'c'])
  })

  it('changes nothing on a second delivery, and takes only what is new of a partial one', () => {
    const buffer = new ConsoleBuffer(100)
    buffer.append({ runId: 'r', from: 0, lines: ['a', 'b'] })
    buffer.append({ runId: 'r', from: 0, lines: ['a', 'b'] })
    buffer.append({ runId: 'r', from: 1, lines: ['b', 'c'] })
    expect(texts(buffer)).toEqual(['a', 'b', 'c'])
  })

  it('marks lines that were cut, with their number', () => {
    const buffer = new ConsoleBuffer(100)
    buffer.append({ runId: 'r', from: 0, lines: ['a'] })
    buffer.append({ runId: 'r', from: 6, lines: ['g'] })
    expect(buffer.rows[1]).toMatchObject({ kind: 'gap', lines: 5 })
    expect(texts(buffer)).toEqual(['a', 'gap', 'g'])
  })

  it('says that a new run begins, whose numbers begin anew', () => {
    const buffer = new ConsoleBuffer(100)
    buffer.append({ runId: 'one', from: 7, lines: ['x'] })
    buffer.append({ runId: 'two', from: 0, lines: ['y'] })
    expect(texts(buffer)).toEqual(['x', 'run', 'y'])
  })

  it('drops the oldest rows beyond its limit, and says how many', () => {
    const buffer = new ConsoleBuffer(3)
    buffer.append({ runId: 'r', from: 0, lines: ['a', 'b', 'c', 'd', 'e'] })
    expect(texts(buffer)).toEqual(['c', 'd', 'e'])
    expect(buffer.dropped).toBe(2)
  })

  it('gives every row a key of its own', () => {
    const buffer = new ConsoleBuffer(100)
    buffer.append({ runId: 'r', from: 0, lines: ['a', 'a'] })
    buffer.prepend(['a', 'a', 'a', 'b'])
    expect(new Set(buffer.rows.map(row => row.key)).size).toBe(buffer.rows.length)
  })

  it('shows a run whole however it was cut into history and live lines', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 20 }),
        (a, b, c) => {
          const [watching, answered, end] = [a, b, c].sort((x, y) => x - y) as [number, number, number]
          const run = Array.from({ length: end }, (_, line) => `line ${line}`)
          const buffer = new ConsoleBuffer(100)
          for (let line = watching; line < end; line++)
            buffer.append({ runId: 'r', from: line, lines: [`line ${line}`] })
          buffer.prepend(run.slice(0, Math.max(answered, watching)))
          expect(texts(buffer)).toEqual(run)
        },
      ),
    )
  })
})

describe('overlapLength', () => {
  it('finds the longest end that is a beginning', () => {
    expect(overlapLength(['a', 'b', 'a', 'b'], ['a', 'b', 'c'])).toBe(2)
    expect(overlapLength(['a'], ['b'])).toBe(0)
    expect(overlapLength([], ['b'])).toBe(0)
  })
})
