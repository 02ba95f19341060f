import { describe, expect, it } from 'vitest'
import { effectiveAddress, effectiveSpecs, plainAddress } from '../../../../server/domain/effective-specs'
import { withOverrides } from '../../../../server/domain/node-overrides'
import type { NodeSpecs } from '../../../../shared/schemas/node'
import { makeNode } from '../../../factories/node-record'
import { fakeSpecs } from '../../../fakes/fake-machine'

const addressOf = (specs: Partial<NodeSpecs>, observedAddress: string | null, panel?: string) =>
  effectiveAddress(
    makeNode({ specs: fakeSpecs(specs), observedAddress, overrides: panel === undefined ? {} : { address: panel } }),
  )

describe('the address that players are given', () => {
  it.each<[string, Partial<NodeSpecs>, string | null, string | undefined, string, string]>([
    [
      'what the panel says',
      { address: 'a.example', addressSource: 'settings' },
      '8.8.8.8',
      'b.example',
      'b.example',
      'panel',
    ],
    [
      'what the machine says',
      { address: 'a.example', addressSource: 'settings' },
      '8.8.8.8',
      undefined,
      'a.example',
      'settings',
    ],
    ['what an older agent says', { address: '10.0.0.5' }, '8.8.8.8', undefined, '10.0.0.5', 'settings'],
    [
      'what its ports are bound on',
      { address: '10.0.0.5', addressSource: 'bind' },
      '8.8.8.8',
      undefined,
      '10.0.0.5',
      'bind',
    ],
    [
      'its card among neighbours',
      { address: '10.0.0.5', addressSource: 'card' },
      '10.0.0.5',
      undefined,
      '10.0.0.5',
      'card',
    ],
    [
      'its card, not the proxy before the brain',
      { address: '10.0.0.5', addressSource: 'card' },
      '172.18.0.2',
      undefined,
      '10.0.0.5',
      'card',
    ],
    [
      'its card that everybody reaches',
      { address: '203.0.113.9', addressSource: 'card' },
      '8.8.8.8',
      undefined,
      '203.0.113.9',
      'card',
    ],
    [
      'whence it dials, behind NAT',
      { address: '192.168.1.5', addressSource: 'card' },
      '203.0.113.9',
      undefined,
      '203.0.113.9',
      'observed',
    ],
    [
      'whence it dials, when it knows only itself',
      { address: '127.0.0.1', addressSource: 'loopback' },
      '10.0.0.5',
      undefined,
      '10.0.0.5',
      'observed',
    ],
    [
      'this machine, when it dials from here',
      { address: '127.0.0.1', addressSource: 'loopback' },
      '127.0.0.1',
      undefined,
      '127.0.0.1',
      'loopback',
    ],
    ['never every address', { address: '0.0.0.0' }, '10.0.0.5', undefined, '10.0.0.5', 'observed'],
  ])('is %s', (_what, specs, observed, panel, address, source) => {
    expect(addressOf(specs, observed, panel)).toEqual({ address, source })
  })

  it('is not known rather than a lie', () => {
    expect(addressOf({ address: '::' }, null)).toBeNull()
    expect(effectiveAddress(makeNode())).toBeNull()
    expect(plainAddress('::ffff:10.0.0.5')).toBe('10.0.0.5')
    expect(plainAddress('2001:db8::1')).toBe('2001:db8::1')
  })
})

describe('what is set in the panel', () => {
  it('counts before what the machine says, key by key, and is given back by null', () => {
    const specs = fakeSpecs({ maxInstances: 5, reserve: { memoryBytes: 1, cpus: 2, diskBytes: 3 } })
    const set = withOverrides({}, { maxInstances: 9, reserve: { cpus: 0.5 }, ports: { from: 30_000, to: 30_001 } })
    expect(effectiveSpecs(makeNode({ specs, overrides: set }))).toMatchObject({
      maxInstances: 9,
      reserve: { memoryBytes: 1, cpus: 0.5, diskBytes: 3 },
      ports: { from: 30_000, to: 30_001 },
    })
    const more = withOverrides(set, { reserve: { diskBytes: 7 }, maxInstances: undefined, ports: null })
    expect(more).toEqual({ maxInstances: 9, reserve: { cpus: 0.5, diskBytes: 7 } })
    expect(withOverrides(more, { maxInstances: null, reserve: { cpus: null, diskBytes: null } })).toEqual({})
  })
})
