import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import {
  displayName,
  entityId,
  label,
  eventPageQuery,
  pageQuery,
  templatePageQuery,
  portName,
  portNumber,
  templateId,
  templateVersion,
  variableName,
  variables,
  variableValue,
} from '../../../../shared/schemas/common'

const accepts = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success

describe('names', () => {
  it.each<[string, z.ZodType, unknown[], unknown[]]>([
    [
      'template id',
      templateId,
      ['a', 'hytale-base', '1-2', 'a'.repeat(63)],
      ['', '-a', 'A', 'a_b', 'a/b', '..', 'a'.repeat(64), 'a\n'],
    ],
    ['version', templateVersion, ['1', '1.0.0+b-2_x', 'V2'], ['', '.1', '-1', '../1', 'a b', '1'.repeat(65), '1\n']],
    [
      'variable',
      variableName,
      ['A', 'A_1', 'A'.repeat(64)],
      ['', 'a', '1A', '_A', 'A-B', '__proto__', 'A'.repeat(65), 'A\n'],
    ],
    ['port name', portName, ['game', 'query_2'], ['', 'Game', '1game', 'a-b', 'a'.repeat(32)]],
    ['id', entityId, ['0abc', 'a-1'], ['', '-a', 'A', 'a/b', '.', 'a'.repeat(41)]],
    ['label', label, ['eu', 'EU.1-a_b'], ['', '-a', 'a b', 'a/b', 'a'.repeat(64)]],
    ['port', portNumber, [1, 65_535], [0, 65_536, 1.5, '1']],
    ['display name', displayName, ['Lobby 1', 'Grüße 😀'], ['', '   ', 'a\nb', 'a\u0000', 'a'.repeat(65)]],
  ])('%s', (_, schema, good, bad) => {
    expect(good.filter(value => !accepts(schema, value))).toEqual([])
    expect(bad.filter(value => accepts(schema, value))).toEqual([])
  })

  it('trims a display name', () => {
    expect(displayName.parse('  Lobby ')).toBe('Lobby')
  })
})

describe('variables', () => {
  it('counts the bytes of a value, not its letters', () => {
    expect(accepts(variableValue, 'x'.repeat(8_192))).toBe(true)
    expect(accepts(variableValue, 'ü'.repeat(4_097))).toBe(false)
    expect(accepts(variableValue, 'a\0')).toBe(false)
  })

  it('takes 256 and no more', () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`V${at}`, '']))
    expect(accepts(variables, many(256))).toBe(true)
    expect(accepts(variables, many(257))).toBe(false)
  })
})

describe('pages', () => {
  it('have a limit by default and one that is never passed', () => {
    expect(pageQuery.parse({})).toEqual({ limit: 50 })
    const cursor = '01k9z0000000000000000000ab'
    expect(pageQuery.parse({ limit: '10', cursor })).toEqual({ limit: 10, cursor })
    expect(accepts(pageQuery, { limit: '501' })).toBe(false)
    expect(accepts(pageQuery, { page: '2' })).toBe(false)
  })

  it.each(['1e2', '0x10', '5.0', '+5', '-5', ' 5', '', '5,6', '0', '٣'])('have no limit of "%s"', limit => {
    expect(accepts(pageQuery, { limit })).toBe(false)
  })

  it.each(['x', '', '42', 'nonsense', '01K9Z0000000000000000000AB', '01k9z0000000000000000000ab '])(
    'do not begin after "%s"',
    cursor => {
      expect(accepts(pageQuery, { cursor })).toBe(false)
    },
  )

  it('of templates go on after a template, those of events after a number', () => {
    expect(accepts(templatePageQuery, { cursor: 'hytale-base' })).toBe(true)
    expect(accepts(templatePageQuery, { cursor: 'Hytale base' })).toBe(false)
    expect(accepts(eventPageQuery, { cursor: '42' })).toBe(true)
    expect(accepts(eventPageQuery, { cursor: 'hytale-base' })).toBe(false)
  })
})
