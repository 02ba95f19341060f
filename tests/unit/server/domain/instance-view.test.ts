import { describe, expect, it } from 'vitest'
import { instance } from '../../../../shared/schemas/instance'
import { viewInstance } from '../../../../server/domain/instance-view'
import type { NodeGlimpse } from '../../../../server/domain/instance-view'
import type { InstanceRecord } from '../../../../server/domain/instance-record'
import { makeRecord, observedOf } from '../../../factories/instance-record'

const NODE: NodeGlimpse = {
  id: 'n1',
  name: 'one',
  contact: 'online',
  unreachableSince: null,
  isReady: true,
  address: '192.0.2.1',
}
const AWAY: NodeGlimpse = { ...NODE, contact: 'offline', unreachableSince: 9, isReady: false }
const view = (record: Partial<InstanceRecord> = {}, node: NodeGlimpse | null = NODE) =>
  viewInstance(makeRecord(record), node, null)
const port = { name: 'game', protocol: 'udp', container: 1, host: 25_000, expose: 'public', fixed: false } as const

describe('what users see of an instance', () => {
  it('is of the shape that was agreed', () => {
    expect(instance.parse(view({ observed: observedOf() }))).toEqual(view({ observed: observedOf() }))
    expect(instance.parse(view({ nodeId: null, state: 'REQUESTED' }, null)).node).toBeNull()
  })

  it('has no value of a secret', () => {
    const seen = view({ variables: { MOTD: 'hello', KEY: 'sealed-bytes' }, secretNames: ['KEY'] })
    expect(seen.variables).toEqual({ MOTD: 'hello', KEY: '••••••' })
    expect(JSON.stringify(seen)).not.toContain('sealed-bytes')
  })

  it('tells what is pending only of what is there', () => {
    const changed = { generation: 2, appliedGeneration: 1 }
    expect(view(changed).pending).toBe(true)
    expect(view({ ...changed, state: 'PREPARED' }).pending).toBe(true)
    expect(view({ ...changed, state: 'STOPPED' }).pending).toBe(false)
    expect(view().pending).toBe(false)
  })

  it('keeps the state and says beside it that a wish waits for its node', () => {
    const reason = { code: 'CRASHED', message: 'It crashed.', at: 1 }
    expect(view({ desired: 'stopped' }, AWAY)).toMatchObject({
      state: 'RUNNING',
      reason: { code: 'NODE_AWAY', message: expect.stringContaining('wanted stopped'), at: 9 },
      node: { contact: 'offline', unreachableSince: 9 },
    })
    expect(view({}, AWAY).reason).toBeNull()
    expect(view({ state: 'FAILED', reason }, AWAY).reason).toEqual(reason)
    expect(view({ desired: 'stopped' }).reason).toBeNull()
  })

  it('tells the address that is good now', () => {
    expect(view({ ports: [port] }).address).toBe('192.0.2.1:25000')
    expect(view({ ports: [{ ...port, host: 25_001 }], portsInUse: [port] }).address).toBe('192.0.2.1:25000')
    expect(
      view({
        ports: [
          { ...port, expose: 'private' },
          { ...port, host: 7 },
        ],
      }).address,
    ).toBe('192.0.2.1:7')
    expect(view({ ports: [port] }, { ...NODE, address: '2001:db8::1' }).address).toBe('[2001:db8::1]:25000')
    expect(view({ ports: [port], state: 'DESTROYED' }).address).toBeNull()
    expect(view({ ports: [port] }, null).address).toBeNull()
    expect(view().address).toBeNull()
  })

  it('tells a start time only of what runs, and last lines only of what failed', () => {
    const observed = observedOf({ startedAt: 5, lastLines: ['boom'] })
    expect(view({ observed })).toMatchObject({ startedAt: 5, lastLines: [] })
    expect(view({ observed, state: 'FAILED' })).toMatchObject({ startedAt: null, lastLines: ['boom'] })
  })

  it('names the last gamemode', () => {
    const layer = { version: '1', sha256: 'a'.repeat(64) }
    const layers = [
      { ...layer, template: 'base', type: 'master' as const },
      { ...layer, template: 'duels', type: 'gamemode' as const },
      { ...layer, template: 'races', type: 'gamemode' as const },
      { ...layer, template: 'desert', type: 'map' as const },
    ]
    expect(view({ layers }).gamemode).toBe('races')
    expect(view().gamemode).toBeNull()
  })
})
