import { describe, expect, it } from 'vitest'
import {
  changesOf,
  definitionOf,
  draftOf,
  isBesideTheServer,
  patchOf,
  rebased,
} from '../../../../composables/instance/edit'
import type { InstanceDraft } from '../../../../composables/instance/draft'
import { MASKED, patchInstanceBody, type Instance } from '../../../../shared/schemas/instance'
import type { PreviewVariable, StackPreview } from '../../../../shared/schemas/stack'
import { makeInstanceView } from '../../../factories/views'

const variable = (name: string, secret = false): PreviewVariable => ({
  name,
  builtIn: false,
  declaredBy: 0,
  description: null,
  default: null,
  required: false,
  secret,
  pattern: null,
  inherited: null,
  missing: false,
  occurrences: [],
})
const preview: StackPreview = {
  layers: [],
  entries: [],
  removed: [],
  variables: [variable('MOTD'), variable('TOKEN', true), variable('EXTRA')],
  unknownPlaceholders: [],
  conflicts: [],
  runtime: {
    ports: [
      { name: 'game', protocol: 'udp', container: 5520, expose: 'public' },
      { name: 'query', protocol: 'tcp', expose: 'public' },
    ],
    resources: { memoryMb: 2048 },
  },
  totalBytes: 0,
}
const server = (part: Partial<Instance> = {}): Instance =>
  makeInstanceView('i1', {
    name: 'lobby',
    layers: [{ template: 'base', version: '1', type: 'master', sha256: '0'.repeat(64) }],
    variables: { MOTD: 'hello', TOKEN: MASKED },
    resources: { memoryMb: 2048, cpus: 2 },
    ports: [
      { name: 'game', protocol: 'udp', container: 5520, host: 25_000, expose: 'public', fixed: false },
      { name: 'query', protocol: 'tcp', container: null, host: 25_600, expose: 'private', fixed: true },
      { name: 'own', protocol: 'tcp', container: 80, host: 25_001, expose: 'public', fixed: false },
    ],
    restart: { policy: 'always' },
    placement: { node: 'n1', region: 'eu' },
    ...part,
  })
const before = draftOf(server(), preview.runtime)
const changed = (part: Partial<InstanceDraft>) => patchOf(before, preview, { ...before, ...part }, preview)

describe('patchOf', () => {
  it('is empty for a server as it is', () => {
    expect(changed({})).toEqual({})
    expect(changesOf(before, preview, before, preview, new Set())).toEqual([])
  })

  it('sends only what differs, each field whole and as the API takes it', () => {
    expect(changed({ name: ' hub ', environment: 'staging' })).toEqual({ name: 'hub', environment: 'staging' })
    expect(changed({ resources: { ...before.resources, memoryMb: 512 } })).toEqual({
      resources: { cpus: 2, memoryMb: 512 },
    })
    expect(changed({ restart: undefined })).toEqual({ restart: null })
    expect(changed({ placement: { ...before.placement, region: undefined } })).toEqual({ placement: {} })
    const all = changed({
      description: 'x',
      persistent: false,
      layers: [{ key: 9, template: 'map', version: undefined, tag: 'beta' }],
    })
    expect(patchInstanceBody.parse(all)).toEqual({
      description: 'x',
      persistent: false,
      layers: [{ template: 'map', tag: 'beta' }],
    })
  })

  it('keeps a secret by its mask, and every port that is the own of the server', () => {
    expect(changed({ variables: { ...before.variables, MOTD: 'bye' } })).toEqual({
      variables: { MOTD: 'bye', TOKEN: MASKED },
    })
    expect(changed({ ports: { ...before.ports, game: { host: 25_500, expose: undefined } } }).ports).toEqual([
      { name: 'game', protocol: 'udp', container: 5520, host: 25_500, expose: 'public' },
      { name: 'query', protocol: 'tcp', host: 25_600, expose: 'private' },
      { name: 'own', protocol: 'tcp', container: 80, expose: 'public' },
    ])
  })

  it('knows what no running server notices', () => {
    expect(isBesideTheServer(changed({ description: 'x' }))).toBe(true)
    expect(isBesideTheServer(changed({ description: 'x', persistent: !before.persistent }))).toBe(false)
  })
})

it('never says the value of a secret', () => {
  const draft = { ...before, variables: { MOTD: 'hello', TOKEN: 'typed in clear' } }
  expect(changesOf(before, preview, draft, preview, new Set(['TOKEN']))).toEqual([
    { field: 'variables', before: `TOKEN=${MASKED}`, after: `TOKEN=${MASKED}` },
  ])
})

it('a report of the node is no change of the server; a change of what is wanted is', () => {
  expect(definitionOf(server({ revision: 9, state: 'RUNNING', generation: 7 }))).toBe(definitionOf(server()))
  expect(definitionOf(server({ persistent: !server().persistent }))).not.toBe(definitionOf(server()))
})

it('lays what was typed over what somebody else saved, variable by variable', () => {
  const draft = { ...before, name: 'mine', variables: { ...before.variables, MOTD: 'mine', EXTRA: 'new' } }
  const theirs = draftOf(
    server({ name: 'theirs', description: 'theirs', variables: { MOTD: 'theirs', TOKEN: MASKED, LOCALE: 'de' } }),
    preview.runtime,
  )
  expect(rebased(before, draft, theirs)).toMatchObject({
    name: 'mine',
    description: 'theirs',
    variables: { MOTD: 'mine', TOKEN: MASKED, LOCALE: 'de', EXTRA: 'new' },
  })
})
