import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { findAddress } from '../../../agent/node-address'

const card = (address: string, internal = false): NetworkInterfaceInfo => ({
  address,
  internal,
  netmask: '',
  mac: '',
  cidr: null,
  ...(address.includes(':') ? { family: 'IPv6', scopeid: 0 } : { family: 'IPv4' }),
})
const CARDS = {
  lo: [card('127.0.0.1', true), card('::1', true)],
  docker0: [card('172.17.0.1')],
  eth0: [card('fe80::1'), card('2001:db8::7'), card('192.168.1.5')],
}

describe('what players are told of a machine', () => {
  it.each([
    ['what its settings say', 'play.example', ['0.0.0.0'], CARDS, 'play.example', 'settings'],
    ['what its ports are bound on', null, ['10.9.8.7'], CARDS, '10.9.8.7', 'bind'],
    ['loopback, when its ports are bound on nothing else', null, ['127.0.0.1'], CARDS, '127.0.0.1', 'bind'],
    ['its card, IPv4 first', null, ['0.0.0.0', '::'], CARDS, '192.168.1.5', 'card'],
    [
      'its card, IPv6 when it has no other',
      null,
      ['0.0.0.0', '::'],
      { eth0: CARDS.eth0.slice(0, 2) },
      '2001:db8::7',
      'card',
    ],
    [
      'never an IPv6 address that no port is bound on',
      null,
      ['0.0.0.0'],
      { eth0: CARDS.eth0.slice(0, 2) },
      '127.0.0.1',
      'loopback',
    ],
    [
      'loopback, when it has nothing else',
      null,
      ['0.0.0.0'],
      { lo: CARDS.lo, docker0: CARDS.docker0 },
      '127.0.0.1',
      'loopback',
    ],
  ])('is %s', (_what, address, publicBind, cards, expected, addressSource) => {
    expect(findAddress({ address, publicBind }, cards)).toEqual({ address: expected, addressSource })
  })
})
