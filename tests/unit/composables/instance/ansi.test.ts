import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAnsi, stripAnsi } from '../../../../composables/instance/ansi'

const ESC = '\u001B'

describe('parseAnsi', () => {
  it('keeps colours and weight', () => {
    const [plain, red, reset] = parseAnsi(`a${ESC}[31;1mb${ESC}[0mc`)
    expect(plain).toMatchObject({ text: 'a', color: null, bold: false })
    expect(red).toMatchObject({ text: 'b', color: { index: 1 }, bold: true })
    expect(reset).toMatchObject({ text: 'c', color: null, bold: false })
  })

  it('reads 256 and true colours, and refuses numbers that are none', () => {
    expect(parseAnsi(`${ESC}[38;5;196mx`)[0]?.color).toEqual({ rgb: [255, 0, 0] })
    expect(parseAnsi(`${ESC}[38;2;1;2;3mx`)[0]?.color).toEqual({ rgb: [1, 2, 3] })
    expect(parseAnsi(`${ESC}[38;2;1;999;3mx`)[0]?.color).toBeNull()
    expect(parseAnsi(`${ESC}[38;5mx`)[0]?.color).toBeNull()
  })

  it('does not take a background colour for the text', () => {
    expect(parseAnsi(`${ESC}[48;5;196mx`)[0]?.color).toBeNull()
  })

  it.each([
    ['a title', `${ESC}]0;owned\u0007`],
    ['a link', `${ESC}]8;;https://evil.example\u0007`],
    ['an unfinished string', `${ESC}]52;c;AAAA`],
    ['a cleared screen', `${ESC}[2J`],
    ['a moved cursor', `${ESC}[10;10H`],
    ['a device control string', `${ESC}Pq#0${ESC}\\`],
    ['a bell, a backspace, a carriage return', '\u0007\b\r'],
    ['a one-byte control sequence introducer', '\u009B'],
    ['an override of the reading direction', '\u202E\u2066'],
  ])('drops %s', (_what, sequence) => {
    expect(parseAnsi(`before${sequence}`).map(span => span.text)).toEqual(['before'])
  })

  it('leaves markup as text', () => {
    expect(stripAnsi('<img src=x onerror=alert(1)>')).toBe('<img src=x onerror=alert(1)>')
  })

  it('never lets a control character through, whatever comes', () => {
    const nasty = fc.string({
      unit: fc.constantFrom(ESC, '[', ']', 'P', 'm', ';', '3', '8', '\\', '\u0007', '\u009B', '\n', 'x', '\t'),
    })
    fc.assert(
      fc.property(nasty, line => {
        const text = parseAnsi(line)
          .map(span => span.text)
          .join('')
        expect(text).toBe(stripAnsi(line))
        expect(text).not.toMatch(/[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/)
      }),
    )
  })
})
