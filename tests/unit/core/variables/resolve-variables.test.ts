import { describe, expect, it } from 'vitest'
import { resolveVariables } from '../../../../core/variables/resolve-variables'
import type { Manifest, VariableDeclaration } from '../../../../shared/schemas/manifest'

const declare = (variables: Record<string, VariableDeclaration>): Manifest => ({ variables })
const resolve = (
  variables: Record<string, VariableDeclaration> | Manifest[],
  given: Record<string, string> = {},
  builtins: Record<string, string> = {},
) =>
  resolveVariables({
    manifests: Array.isArray(variables) ? variables : [declare(variables)],
    given,
    builtins: new Map(Object.entries(builtins)),
  })

describe('resolveVariables', () => {
  it('takes what is given, else the default, else the built-in value', () => {
    const { values, origins } = resolve(
      { A: { default: 'a' }, B: { default: 'b' }, SEED: { default: '7' } },
      { A: 'given', LOCALE: 'de' },
      { SEED: '1', LOCALE: 'en', REGION: 'eu' },
    )
    expect(Object.fromEntries(values)).toEqual({ A: 'given', B: 'b', SEED: '7', LOCALE: 'de', REGION: 'eu' })
    expect(Object.fromEntries(origins)).toEqual({
      A: 'given',
      B: 'default',
      SEED: 'default',
      LOCALE: 'given',
      REGION: 'builtin',
    })
  })

  it('merges declarations key by key, the last layer wins', () => {
    const { values, declarations } = resolve([
      declare({ MOTD: { description: 'Shown', default: 'one', pattern: '^.{1,9}$' } }),
      declare({ MOTD: { default: 'two' } }),
    ])
    expect(values.get('MOTD')).toBe('two')
    expect(declarations.get('MOTD')).toEqual({ description: 'Shown', default: 'two', pattern: '^.{1,9}$', layer: 1 })
  })

  it('never shows what one layer calls a secret, nor what holds one', () => {
    const { secrets } = resolve([
      declare({ TOKEN: { secret: true, default: 'x' } }),
      declare({ TOKEN: { secret: false }, URL: { default: 'https://u:${TOKEN}@host' }, PLAIN: { default: 'y' } }),
    ])
    expect([...secrets].sort()).toEqual(['TOKEN', 'URL'])
  })

  it('fills defaults in, in the order of what they need, once', () => {
    const { values } = resolve(
      { A: { default: '${B}!' }, B: { default: '<${C}> ${UNKNOWN} $${C}' }, C: {}, D: { default: '${INSTANCE_NAME}' } },
      { C: '${A} $&' },
      { INSTANCE_NAME: 'lobby ${C}' },
    )
    expect(Object.fromEntries(values)).toEqual({
      A: '<${A} $&> ${UNKNOWN} ${C}!',
      B: '<${A} $&> ${UNKNOWN} ${C}',
      C: '${A} $&',
      D: 'lobby ${C}',
      INSTANCE_NAME: 'lobby ${C}',
    })
  })

  it('tells every variable of a circle', () => {
    const { invalid, values } = resolve({
      A: { default: '${B}' },
      B: { default: '${C}' },
      C: { default: '${B}' },
      SELF: { default: '${SELF}' },
    })
    expect(invalid).toEqual([
      { name: 'B', message: 'its default leads in a circle: B → C → B' },
      { name: 'C', message: 'its default leads in a circle: B → C → B' },
      { name: 'SELF', message: 'its default leads in a circle: SELF → SELF' },
    ])
    expect([...values.keys()]).toEqual(['A'])
  })

  it('lists what is required and has no value; what is not required is empty', () => {
    const { missing, values, origins } = resolve(
      {
        A: { required: true },
        B: { required: true, default: 'b' },
        C: { required: true },
        D: {},
        E: { pattern: '^x$' },
      },
      { C: 'c' },
    )
    expect(missing).toEqual(['A'])
    expect(Object.fromEntries(values)).toEqual({ B: 'b', C: 'c', D: '', E: '' })
    expect(origins.get('D')).toBe('empty')
  })

  it('lists what is given and belongs to nothing, and fills it in nowhere', () => {
    const { unknownGiven, values } = resolve({ A: {} }, { A: '1', PATH: '/bin', HOME: '/root' })
    expect(unknownGiven).toEqual(['PATH', 'HOME'])
    expect([...values.keys()]).toEqual(['A'])
  })

  it('lets nobody give what is a fact', () => {
    const names = [
      'INSTANCE_ID',
      'INSTANCE_NAME',
      'NODE_NAME',
      'PORT',
      'PORT_GAME',
      'PUBLIC_PORT',
      'PUBLIC_PORT_GAME',
      'PUBLIC_HOST',
      'MEMORY_MB',
      'HEAP_MB',
    ]
    const given = Object.fromEntries(names.map(name => [name, 'lie']))
    const { invalid, values } = resolve({}, given, { PORT: '25000' })
    expect(invalid.map(({ name }) => name).sort()).toEqual([...names].sort())
    expect(Object.fromEntries(values)).toEqual({ PORT: '25000' })
  })

  it('tests values against their whole pattern', () => {
    const { invalid, values } = resolve(
      {
        A: { pattern: 'a+' },
        B: { pattern: 'a|b' },
        C: { pattern: '^.{1,3}$', default: '${A}${B}' },
        D: { pattern: '.' },
      },
      { A: 'aab', B: 'ab', D: '😀' },
    )
    expect(invalid).toEqual([
      { name: 'A', message: 'must match a+ as a whole' },
      { name: 'B', message: 'must match a|b as a whole' },
      { name: 'C', message: 'must match ^.{1,3}$ as a whole' },
    ])
    expect([...values.keys()]).toEqual(['D'])
  })

  it('does not judge a default that names an instance before there is one', () => {
    const variables = { MOTD: { default: 'Welcome to ${INSTANCE_NAME}', pattern: '^[^$]{1,64}$' } }
    expect(resolve(variables).invalid).toEqual([])
    expect(resolve(variables, {}, { INSTANCE_NAME: '$' }).invalid).toHaveLength(1)
  })

  it('gives up on a pattern that takes for ever, and still judges the others', () => {
    const started = performance.now()
    const { invalid } = resolve(
      { BAD: { pattern: '(a+)+b' }, FINE: { pattern: 'x' }, WRONG: { pattern: 'x' } },
      { BAD: 'a'.repeat(60), FINE: 'x', WRONG: 'y' },
    )
    expect(invalid).toEqual([
      { name: 'BAD', message: 'could not be tested against (a+)+b in time' },
      { name: 'WRONG', message: 'must match x as a whole' },
    ])
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('refuses defaults that grow beyond the limit of a value', () => {
    const { invalid } = resolve({
      A: { default: 'x'.repeat(8_000) },
      B: { default: '${A}${A}' },
      C: { default: '${B}'.repeat(2_000) },
    })
    expect(invalid.map(({ name }) => name)).toEqual(['B'])
  })

  it('counts bytes, not letters', () => {
    const { invalid } = resolve({ A: { default: 'ü'.repeat(3_000) }, B: { default: '${A}${A}' } })
    expect(invalid.map(({ name }) => name)).toEqual(['B'])
  })

  it('refuses more variables than an instance may have', () => {
    const many = (prefix: string) =>
      declare(Object.fromEntries(Array.from({ length: 129 }, (_, at) => [`${prefix}${at}`, {}])))
    expect(() => resolve([many('A'), many('B')])).toThrow(expect.objectContaining({ code: 'VARIABLE_INVALID' }))
  })
})
