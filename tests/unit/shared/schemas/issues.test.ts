import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { issuePath, issuesOf } from '../../../../shared/schemas/issues'

describe('issuePath', () => {
  it.each([
    [[], ''],
    [['a'], 'a'],
    [['runtime', 'ports', 0, 'container'], 'runtime.ports[0].container'],
    [[0, 'a'], '[0].a'],
  ])('%j → %s', (path, text) => {
    expect(issuePath(path)).toBe(text)
  })
})

describe('issuesOf', () => {
  const schema = z.strictObject({
    name: z.string(),
    map: z.record(z.string().regex(/^[A-Z]$/, 'one capital letter'), z.int()).optional(),
  })
  const issues = (value: unknown) => issuesOf(schema.safeParse(value).error?.issues ?? [])

  it('names every unknown key at its own path', () => {
    expect(issues({ name: 'x', one: 1, two: 2 })).toEqual([
      { path: 'one', message: 'Unknown key' },
      { path: 'two', message: 'Unknown key' },
    ])
  })

  it('says of a key what is wrong with it', () => {
    expect(issues({ name: 'x', map: { a: 1 } })).toEqual([{ path: 'map.a', message: 'one capital letter' }])
  })

  it('passes on what zod says of a value', () => {
    expect(issues({ name: 'x', map: { A: 1.5 } })).toEqual([
      { path: 'map.A', message: expect.stringMatching(/int/) as string },
    ])
    expect(issues(null)).toMatchObject([{ path: '' }])
  })
})
