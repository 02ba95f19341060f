import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fillIn, scanPlaceholders } from '../../../../core/variables/placeholders'
import { POLICY } from '../../../../shared/domain/policy'

const fill = (text: string, values: Record<string, string>) =>
  fillIn(Buffer.from(text), new Map(Object.entries(values))).toString()

describe('scanPlaceholders', () => {
  it('finds names once, in the order of their first place', () => {
    expect(scanPlaceholders('${B} ${A_1} $${B} ${B}${A_1}')).toEqual(['B', 'A_1'])
    expect(scanPlaceholders(Buffer.from([0xff, ...Buffer.from('${A}')]))).toEqual(['A'])
  })

  it.each([
    '',
    '$A',
    '${}',
    '${a}',
    '${1A}',
    '${A B}',
    '${A',
    '${A:-x}',
    '${process.env.X}',
    '${__proto__}',
    '${constructor}',
    `\${${'A'.repeat(65)}}`,
  ])('finds nothing in %s', text => {
    expect(scanPlaceholders(text)).toEqual([])
  })
})

describe('fillIn', () => {
  it.each([
    ['a ${X} b', { X: 'v' }, 'a v b'],
    ['${X}${X}', { X: 'v' }, 'vv'],
    ['${X}', { X: '' }, ''],
    ['$${X}', { X: 'v' }, '${X}'],
    ['$$${X}', { X: 'v' }, '$${X}'],
    ['$${Y} ${Y}', { X: 'v' }, '$${Y} ${Y}'],
    ['${X}', { X: "$& $1 $$ $` $'" }, "$& $1 $$ $` $'"],
    ['${X} ${Y}', { X: '${Y}', Y: 'y' }, '${Y} y'],
    ['${X', { X: 'v' }, '${X'],
    ['${${X}}', { X: 'Y', Y: 'no' }, '${Y}'],
    ['${X}', { X: 'Grüße 😀' }, 'Grüße 😀'],
    [
      '${PATH} ${HOME} ${__proto__} ${constructor} ${process.env.HOME}',
      { X: 'v' },
      '${PATH} ${HOME} ${__proto__} ${constructor} ${process.env.HOME}',
    ],
  ])('%s with %o gives %s', (text, values, expected) => {
    expect(fill(text, values)).toBe(expected)
  })

  it('leaves all other bytes as they are', () => {
    const bytes = Buffer.concat([
      Buffer.from([0xef, 0xbb, 0xbf, 0xff, 0xfe, 0x00]),
      Buffer.from('a\r\n${X}\r\n'),
      Buffer.from([0xc3, 0x28]),
    ])
    const filled = fillIn(bytes, new Map([['X', 'ü']]))
    expect(filled).toEqual(
      Buffer.concat([
        Buffer.from([0xef, 0xbb, 0xbf, 0xff, 0xfe, 0x00]),
        Buffer.from('a\r\nü\r\n'),
        Buffer.from([0xc3, 0x28]),
      ]),
    )
  })

  it('changes nothing in any bytes without a known name', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), array => {
        const bytes = Buffer.from(array)
        expect(fillIn(bytes, new Map([['NAME', 'v']]))).toEqual(bytes)
      }),
    )
  })

  it('agrees with splitting and joining, whatever the values', () => {
    const piece = fc.constantFrom('${A}', '${B}', '${C}', 'x', '$', '}', 'é', '\r\n')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.string(), fc.string(), (pieces, a, b) => {
        // A `$` before a name would escape it; that is tested above.
        fc.pre(!/\$\$\{/.test(pieces.join('')))
        const expected = pieces.map(text => (text === '${A}' ? a : text === '${B}' ? b : text)).join('')
        expect(fill(pieces.join(''), { A: a, B: b })).toBe(Buffer.from(expected).toString())
      }),
    )
  })

  it('refuses a small file that becomes a huge one', () => {
    const value = 'v'.repeat(POLICY.variables.valueBytes)
    expect(() => fill('${X}'.repeat(10_000), { X: value })).toThrow(expect.objectContaining({ code: 'TOO_BIG' }))
    expect(fill('${X}'.repeat(2_048), { X: value })).toHaveLength(POLICY.files.filledResultBytes)
  })
})
