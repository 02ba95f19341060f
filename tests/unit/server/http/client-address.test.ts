import { expect, it } from 'vitest'
import { createClientViewer } from '../../../../server/http/client-address'

const view = (trusted: string[], peer: string, headers: Record<string, string> = {}) =>
  createClientViewer(trusted)({ headers: { host: 'inner:3000', ...headers }, socket: { remoteAddress: peer } as never })

it('believes nobody who is not trusted', () => {
  const headers = { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'outer' }
  expect(view([], '192.0.2.1', headers)).toEqual({ address: '192.0.2.1', isHttps: false, host: 'inner:3000' })
  expect(view(['10.0.0.0/8'], '192.0.2.1', headers).address).toBe('192.0.2.1')
})

it('believes a trusted proxy, up to the first address that is none', () => {
  const headers = {
    'x-forwarded-for': '6.6.6.6, 203.0.113.5, 10.1.1.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'outer',
  }
  expect(view(['10.0.0.0/8'], '10.2.2.2', headers)).toEqual({ address: '203.0.113.5', isHttps: true, host: 'outer' })
  expect(view(['10.0.0.0/8'], '::ffff:10.2.2.2', headers).address).toBe('203.0.113.5')
  expect(
    view(['2001:db8::/32'], '2001:db8::1', { 'x-forwarded-for': '[2001:db8:1::9]:443, 2001:db8::2' }).address,
  ).toBe('2001:db8:1::9')
})

it('stops at words that are no address', () => {
  expect(view(['10.0.0.0/8'], '10.2.2.2', { 'x-forwarded-for': '203.0.113.5, unknown' }).address).toBe('10.2.2.2')
  expect(view(['10.0.0.0/8'], '10.2.2.2').address).toBe('10.2.2.2')
  expect(createClientViewer([])({ headers: {}, socket: {} as never }).address).toBe('unknown')
})
