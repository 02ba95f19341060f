import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineSplitter } from '../../../../agent/runtime/line-splitter'
import { POLICY } from '../../../../shared/domain/policy'

function split(chunks: Buffer[]): string[] {
  const splitter = new LineSplitter()
  const lines = chunks.flatMap(chunk => splitter.push(chunk).map(line => line.text))
  const last = splitter.flush()
  return last === undefined ? lines : [...lines, last]
}

describe('lines of a stream', () => {
  it('are the same however the bytes come', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'grapheme', maxLength: 20 }).map(text => text.replace(/[\r\n]/g, '')),
          { minLength: 1 },
        ),
        fc.array(fc.nat(50)),
        (lines, cuts) => {
          const bytes = Buffer.from(lines.map(line => `${line}\n`).join(''))
          const chunks: Buffer[] = []
          let at = 0
          for (const cut of cuts) chunks.push(bytes.subarray(at, (at += cut)))
          chunks.push(bytes.subarray(at))
          expect(split(chunks)).toEqual(lines)
        },
      ),
    )
  })

  it('keep what is written over as a terminal would show it', () => {
    expect(split([Buffer.from('one\r\n10%\r50%\r100%\r\nlast')])).toEqual(['one', '100%', 'last'])
  })

  it('are cut where they are too long, between characters, and say so', () => {
    const long = 'ü'.repeat(POLICY.console.lineBytes)
    const [line, next] = split([Buffer.from(`x${long}`), Buffer.from(`${long}\nnext\n`)])
    expect(line).toMatch(/^xü+ … \(line cut\)$/)
    expect(Buffer.byteLength(line ?? '')).toBeLessThanOrEqual(POLICY.console.lineBytes + 20)
    expect(line).not.toContain('\ufffd')
    expect(next).toBe('next')
  })

  it('tell where they end', () => {
    expect(new LineSplitter().push(Buffer.from('ab\nü\nc'))).toEqual([
      { text: 'ab', end: 3 },
      { text: 'ü', end: 6 },
    ])
  })
})
