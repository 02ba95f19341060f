import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseManifest } from '../../../../core/archive/manifest-file'
import type { ErrorIssue } from '../../../../shared/errors'
import { isAppError } from '../../../../shared/errors'

const parse = (text: string) => parseManifest(Buffer.from(text))

function issuesOf(text: string | Buffer): ErrorIssue[] | undefined {
  try {
    parseManifest(Buffer.from(text))
    throw new Error('was accepted')
  } catch (error) {
    if (!isAppError(error)) throw error
    expect(error.code).toBe('METADATA_INVALID')
    return error.issues
  }
}

describe('parseManifest', () => {
  it('reads the example of the documentation', () => {
    const text = readFileSync(join(import.meta.dirname, 'strata-full.yaml'), 'utf8')
    expect(parse(text)).toMatchObject({
      id: 'hytale-base',
      type: 'master',
      variables: { MOTD: { pattern: '^.{1,64}$' }, ADMIN_TOKEN: { secret: true, required: true } },
      paths: { managed: ['*.jar', 'mods/**'] },
      runtime: {
        ports: [{ name: 'game', protocol: 'udp', container: 5520, expose: 'public' }],
        ready: { log: 'Hytale Server Booted', timeoutSeconds: 300 },
        exitCodes: { 8: 'restart' },
      },
    })
  })

  it.each(['', '# nothing\n', '{}', '---\n'])('takes %j as an empty manifest', text => {
    expect(parse(text)).toEqual({})
  })

  it('takes anchors, and YAML 1.2 words as they are', () => {
    expect(parse('description: yes\nremove: &globs [a]\nrequire: *globs')).toEqual({
      description: 'yes',
      remove: ['a'],
      require: ['a'],
    })
  })

  it.each<[string, string, string]>([
    ['an unknown key', 'tpye: map', 'tpye'],
    [
      'an unknown key further in',
      'runtime:\n  ports:\n    - { name: game, protocol: udp, contanier: 1 }',
      'runtime.ports[0].contanier',
    ],
    ['__proto__', '__proto__: { type: map }', '__proto__'],
    ['a wrong type', 'type: gamemod', 'type'],
    [
      'a wrong port',
      'runtime: { ports: [{ name: game, protocol: udp, container: 70000 }] }',
      'runtime.ports[0].container',
    ],
    ['a lower-case variable', 'variables: { motd: {} }', 'variables.motd'],
    ['a built-in variable', 'variables: { PORT: { default: "1" } }', 'variables.PORT'],
    ['a pattern that is none', 'variables: { A: { pattern: "(" } }', 'variables.A.pattern'],
    ['a glob that climbs', 'remove: ["../x"]', 'remove[0]'],
    ['an absolute glob', 'require: ["/etc/passwd"]', 'require[0]'],
    ['a text', 'hello', 'strata.yaml'],
    ['a list', '- a', 'strata.yaml'],
  ])('names the place of %s', (_, text, path) => {
    expect(issuesOf(text)?.[0]?.path).toBe(path)
  })

  it('helps where YAML made a number of a text, and tells the line', () => {
    expect(issuesOf('type: map\nvariables:\n  A:\n    default: 25565\n')).toEqual([
      {
        path: 'variables.A.default',
        message: 'Invalid input: expected string, received number; put it in quotes (line 4)',
      },
    ])
  })

  it('names every fault at once', () => {
    expect(issuesOf('type: x\nfoo: 1\nbar: 2')?.map(({ path }) => path)).toEqual(['type', 'foo', 'bar'])
  })

  it.each<[string, string, string]>([
    ['bad YAML', 'type: map\nrun: [a', 'line 2, column 8'],
    ['a key twice', 'type: map\ntype: map', 'line 2, column 1'],
    ['a tag of its own', 'type: !!js/function "x"', 'line 1, column 7'],
    ['two documents', 'type: map\n---\ntype: map', 'line 2, column 1'],
  ])('gives line and column of %s', (_, text, path) => {
    expect(issuesOf(text)?.[0]?.path).toBe(path)
  })

  it('is not blown up by aliases', () => {
    const levels = Array.from(
      { length: 12 },
      (_, at) => `k${at + 1}: &a${at + 1} [${Array.from({ length: 9 }, () => `*a${at}`).join(',')}]`,
    )
    const started = performance.now()
    expect(issuesOf(`k0: &a0 [x]\n${levels.join('\n')}`)).toHaveLength(1)
    expect(performance.now() - started).toBeLessThan(1_000)
  })

  it('refuses what is not UTF-8', () => {
    expect(issuesOf(Buffer.from([0x74, 0xff]))).toEqual([{ path: 'strata.yaml', message: 'is not UTF-8 text' }])
  })

  it('refuses globs that stand for too much', () => {
    expect(() => parse(`remove: ["${'{a,b}'.repeat(20)}"]`)).toThrow(
      expect.objectContaining({ code: 'METADATA_INVALID' }),
    )
  })
})
