import fc from 'fast-check'
import picomatch from 'picomatch'
import { describe, expect, it } from 'vitest'
import { compileGlobs } from '../../../../core/stack/globs'

const matches = (glob: string, path: string, isDirectory = false) => compileGlobs([glob])(path, isDirectory)

describe('compileGlobs', () => {
  it.each([
    ['mods/old-*.jar', 'mods/old-1.2.jar', true],
    ['mods/old-*.jar', 'mods/sub/old-1.jar', false],
    ['mods/old-*.jar', 'Mods/old-1.jar', false],
    ['*.jar', 'a.jar', true],
    ['*.jar', 'a/b.jar', false],
    ['**/*.jar', 'a.jar', true],
    ['**/*.jar', 'a/b/c.jar', true],
    ['world/**', 'world/region/r.0.mca', true],
    ['world/**', 'world/.lock', true],
    ['world/**', 'worlds/a', false],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['a/**/z', 'a/b/c/zz', false],
    ['*', '.env', true],
    ['?.txt', 'a.txt', true],
    ['?.txt', 'ab.txt', false],
    ['*.{jar,zip}', 'a.zip', true],
    ['{a,b/{c,d}}/x', 'b/d/x', true],
    ['{a}', '{a}', true],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[!a-c]x', 'dx', true],
    ['[]x]', ']', true],
    ['[', '[', true],
    ['./a/', 'a', true],
    ['a.b', 'axb', false],
    ['(a|b)+', '(a|b)+', true],
  ])('%s and %s: %s', (glob, path, expected) => {
    expect(matches(glob, path)).toBe(expected)
  })

  it('takes a folder with all that is in it, and no file of that name', () => {
    expect(matches('world/**', 'world', true)).toBe(true)
    expect(matches('world/**', 'world', false)).toBe(false)
  })

  it('agrees with picomatch', () => {
    const part = fc.constantFrom(
      'a',
      'b',
      'ab',
      '*',
      '**',
      '?',
      'a*',
      '*b',
      'a?',
      '*a*',
      '{a,b}',
      '{ab,*b}c',
      '[ab]',
      '[^a]b',
    )
    const name = fc.constantFrom('a', 'b', 'ab', 'aab', '.a', 'ba', 'abc', 'bc')
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.array(name, { minLength: 1, maxLength: 5 }),
        (parts, names) => {
          const glob = parts.join('/')
          const path = names.join('/')
          // Whether `a/**` matches `a` itself, picomatch answers now so, now so; ours is tested above.
          fc.pre(matches(glob, path, true) === matches(glob, path, false))
          expect([glob, path, matches(glob, path)]).toEqual([glob, path, picomatch(glob, { dot: true })(path)])
        },
      ),
      { numRuns: 5_000 },
    )
  })

  it('is quick with a glob made to be slow', () => {
    const started = performance.now()
    expect(matches(`${'*a'.repeat(100)}b`, 'a'.repeat(255))).toBe(false)
    expect(matches(`${'**/a/'.repeat(100)}b`, 'a/'.repeat(63) + 'a')).toBe(false)
    expect(performance.now() - started).toBeLessThan(200)
  })

  it('refuses braces that stand for too much', () => {
    expect(() => compileGlobs(['{a,b}'.repeat(30)])).toThrow(expect.objectContaining({ code: 'METADATA_INVALID' }))
  })
})
