import { describe, expect, it } from 'vitest'
import {
  bodyOf,
  emptyDraft,
  faultsOf,
  isPreviewOf,
  moved,
  type InstanceDraft,
} from '../../../../composables/instance/draft'
import { createInstanceBody, MASKED } from '../../../../shared/schemas/instance'
import type { PreviewVariable, StackPreview } from '../../../../shared/schemas/stack'

const variable = (name: string, part: Partial<PreviewVariable> = {}): PreviewVariable => ({
  name,
  builtIn: false,
  declaredBy: 0,
  description: null,
  default: null,
  required: false,
  secret: false,
  pattern: null,
  inherited: null,
  missing: false,
  occurrences: [],
  ...part,
})
const preview = (part: Partial<StackPreview> = {}): StackPreview => ({
  layers: [],
  entries: [],
  removed: [],
  variables: [],
  unknownPlaceholders: [],
  conflicts: [],
  runtime: {},
  totalBytes: 0,
  ...part,
})
const draft = (part: Partial<InstanceDraft> = {}): InstanceDraft => ({
  ...emptyDraft(),
  name: 'a',
  layers: [{ key: 1, template: 'base', version: undefined }],
  ...part,
})
const say = (fault: string, values: Record<string, string>) => `${fault} ${Object.values(values).join()}`

describe('bodyOf', () => {
  it('is what the API takes, with nothing in it that was not chosen', () => {
    const body = bodyOf(draft(), preview())
    expect(createInstanceBody.parse(body)).toEqual({
      name: 'a',
      layers: [{ template: 'base' }],
      variables: {},
      persistent: true,
      desired: 'running',
    })
  })

  it('leaves out values of variables that the layers no longer have', () => {
    const body = bodyOf(
      draft({ variables: { MOTD: 'x', OLD: 'y', EMPTY: '' } }),
      preview({ variables: [variable('MOTD'), variable('EMPTY')] }),
    )
    expect(body.variables).toEqual({ MOTD: 'x' })
  })

  it('sends all ports when one was changed, else none', () => {
    const runtime = {
      ports: [
        { name: 'game', protocol: 'udp', container: 5520, expose: 'public' },
        { name: 'query', protocol: 'tcp', expose: 'private' },
      ],
    } as const
    const stack = preview({ runtime: { ports: [...runtime.ports] } })
    expect(bodyOf(draft(), stack).ports).toBeUndefined()
    expect(bodyOf(draft({ ports: { query: { host: 25_001, expose: undefined } } }), stack).ports).toEqual([
      { name: 'game', protocol: 'udp', container: 5520, expose: 'public' },
      { name: 'query', protocol: 'tcp', host: 25_001, expose: 'private' },
    ])
  })
})

describe('faultsOf', () => {
  it('finds none in a good draft', () => {
    expect(faultsOf(draft(), preview(), say)).toEqual([])
  })

  it('names what is missing at the paths of the API', () => {
    expect(faultsOf(draft({ name: '  ', layers: [] }), undefined, say).map(fault => fault.path)).toEqual([
      'name',
      'layers',
    ])
  })

  it('asks for a required variable unless it has a default', () => {
    const variables = [variable('TOKEN', { required: true }), variable('MOTD', { required: true, default: 'hi' })]
    expect(faultsOf(draft(), preview({ variables }), say)).toEqual([
      { path: 'variables.TOKEN', message: 'required TOKEN' },
    ])
  })

  it('tests a pattern against the whole value, and leaves one it cannot read to the brain', () => {
    const stack = preview({ variables: [variable('SIZE', { pattern: '\\d{1,2}' }), variable('ODD', { pattern: '(' })] })
    expect(faultsOf(draft({ variables: { SIZE: '12', ODD: 'x' } }), stack, say)).toEqual([])
    expect(faultsOf(draft({ variables: { SIZE: '123' } }), stack, say)).toEqual([
      { path: 'variables.SIZE', message: 'pattern \\d{1,2}' },
    ])
  })
})

describe('moved', () => {
  it.each([
    [0, 2, ['b', 'c', 'a']],
    [2, 0, ['c', 'a', 'b']],
    [1, 1, ['a', 'b', 'c']],
    [0, 9, ['b', 'c', 'a']],
    [7, 0, ['a', 'b', 'c']],
  ])('%i to %i', (from, to, expected) => expect(moved(['a', 'b', 'c'], from, to)).toEqual(expected))
})

it('knows a preview of other layers, or of the same in another order, for an old one', () => {
  const locked = (template: string, version: string) =>
    ({ template, version, type: 'custom', sha256: '', sizeBytes: 0, files: 0 }) as const
  const stack = preview({ layers: [locked('base', '1'), locked('map', '2')] })
  const of = (...layers: [string, string | undefined][]) =>
    isPreviewOf(stack, draft({ layers: layers.map(([template, version], key) => ({ key, template, version })) }))
  expect(of(['base', undefined], ['map', '2'])).toBe(true)
  expect(of(['base', undefined], ['map', '3'])).toBe(false)
  expect(of(['map', undefined], ['base', undefined])).toBe(false)
  expect(of(['base', undefined])).toBe(false)
})

it('asks for no variable that reaches the server from farther away, nor for the pattern of a secret that stays', () => {
  const inherited = { scope: 'network', id: 'all', value: 'x' } as const
  const variables = [
    variable('TOKEN', { required: true, inherited }),
    variable('KEPT', { secret: true, pattern: '[a-z]+' }),
  ]
  expect(faultsOf(draft({ variables: { KEPT: MASKED } }), preview({ variables }), say)).toEqual([])
})
