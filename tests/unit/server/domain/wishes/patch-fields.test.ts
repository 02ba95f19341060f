import { describe, expect, it } from 'vitest'
import { patchFields } from '../../../../../server/domain/wishes/patch-fields'
import type { PatchedFields } from '../../../../../server/domain/wishes/patch-fields'
import type { InstanceRecord } from '../../../../../server/domain/instance-record'
import { makeRecord, USER } from '../../../../factories/instance-record'

const patch = (fields: PatchedFields, record: Partial<InstanceRecord> = {}) =>
  patchFields(makeRecord(record), fields, USER)
const port = { name: 'game', protocol: 'udp', container: 1, host: 25_000, expose: 'public', fixed: false } as const

describe('a change of what is wanted', () => {
  it('is a new generation, and forces no new run', () => {
    const made = patch({ variables: { MOTD: 'hi' } })
    expect(made?.change).toEqual({ variables: { MOTD: 'hi' }, generation: 2 })
    expect(made?.events[0]).toMatchObject({ kind: 'changed', actor: USER, message: 'Changed: variables.' })
  })

  it('is none when nothing differs', () => {
    expect(patch({ name: 'lobby', resources: {}, restart: null })).toBeNull()
    const effective = { readyTimeoutSeconds: 600, resources: { pids: 512, memoryMb: 512 } }
    expect(patch({ effective })).toBeNull()
  })

  it('beside the server is no new generation', () => {
    expect(patch({ description: 'new', placement: { region: 'eu' } })?.change).not.toHaveProperty('generation')
  })

  it('makes a node that is preparing prepare the new', () => {
    expect(patch({ persistent: false }, { state: 'PREPARING' })?.change).toMatchObject({ startGeneration: 2 })
  })

  it('says which versions of layers, and never a value', () => {
    const layers = [{ template: 'base', version: '2', type: 'master' as const, sha256: 'b'.repeat(64) }]
    const made = patch({ layers, variables: { KEY: 'sealed' }, secretNames: ['KEY'] })
    expect(made?.events[0]?.message).toBe('Changed: layers (base@1 → base@2), variables.')
  })

  it('remembers the ports of what runs until it ends', () => {
    const wanted = [{ ...port, host: 25_001 }]
    expect(patch({ ports: wanted }, { ports: [port] })?.change.portsInUse).toEqual([port])
    const again = patch({ ports: [] }, { ports: wanted, portsInUse: [port] })
    expect(again?.change.portsInUse).toEqual([port])
    expect(patch({ ports: wanted }, { ports: [port], state: 'STOPPED' })?.change).not.toHaveProperty('portsInUse')
  })
})
