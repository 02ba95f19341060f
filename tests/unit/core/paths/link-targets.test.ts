import fc from 'fast-check'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findEscapingLinks } from '../../../../core/paths/link-targets'

const escaping = (links: Record<string, string>) =>
  findEscapingLinks(Object.entries(links).map(([path, target]) => ({ path, target }))).map(({ path }) => path)

describe('findEscapingLinks', () => {
  it.each([
    ['stays', { a: 'b', 'c/d': '../e', 'c/root': '..' }, []],
    ['absolute', { a: '/etc' }, ['a']],
    ['one step too far', { a: '..', 'b/c': '../..' }, ['a', 'b/c']],
    ['out and in again', { a: '../stack/b' }, ['a']],
    ['through another link', { 'a/b/up': '../..', x: 'a/b/up/..' }, ['x']],
    ['through a chain', { a: 'b/..', b: 'c', c: 'd', d: '.' }, ['a']],
    ['a circle', { a: 'b', b: 'a', c: 'c/..', d: 'a/../..' }, []],
    ['behind an escaping link', { a: '..', b: 'a/x/y/z', c: 'b' }, ['a', 'b', 'c']],
  ])('%s', (_, links, expected) => {
    expect(escaping(links).sort()).toEqual(expected)
  })

  it('survives a chain longer than any stack', () => {
    const count = 200_000
    const links = Array.from({ length: count }, (_, at) => ({
      path: `l${at}`,
      target: at === count - 1 ? '..' : `l${at + 1}`,
    }))
    expect(findEscapingLinks(links)).toHaveLength(count)
  })

  it('agrees with the kernel wherever the kernel finds something', () => {
    const name = fc.constantFrom('a', 'b', 'c')
    const target = fc
      .array(fc.constantFrom('a', 'b', 'c', '..', '.'), { minLength: 1, maxLength: 4 })
      .map(parts => parts.join('/'))
    const link = fc.tuple(
      fc.array(name, { minLength: 1, maxLength: 3 }).map(parts => parts.join('/')),
      target,
    )
    fc.assert(
      fc.property(fc.array(link, { minLength: 1, maxLength: 6 }), input => {
        const outer = mkdtempSync(join(tmpdir(), 'strata-links-'))
        const root = join(outer, 'x/y/root')
        mkdirSync(root, { recursive: true })
        try {
          const made = input.filter(([path, to]) => place(root, path, to))
          const found = new Set(escaping(Object.fromEntries(made)))
          for (const [path] of made) {
            const real = realpath(join(root, path))
            if (real !== undefined && !`${real}/`.startsWith(`${root}/`)) expect(found).toContain(path)
          }
        } finally {
          rmSync(outer, { recursive: true })
        }
      }),
      { numRuns: 300 },
    )
  })
})

/** Makes the link where no other link or entry stands in the way. */
function place(root: string, path: string, target: string): boolean {
  try {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    if (realpathSync(join(root, dirname(path))) !== join(root, dirname(path))) return false
    symlinkSync(target, join(root, path))
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^(?:EEXIST|ENOTDIR|ENOENT|ELOOP)$/.test(String(error.code)))
      return false
    throw error
  }
}

function realpath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^(?:ENOENT|ELOOP|ENOTDIR)$/.test(String(error.code)))
      return undefined
    throw error
  }
}
