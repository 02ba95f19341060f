import { describe, expect, it } from 'vitest'
import { keepHosts, wantedPorts } from '../../../../../server/domain/ports/wanted-ports'

const declared = [
  { name: 'game', protocol: 'udp', container: 5520, expose: 'public' },
  { name: 'rcon', protocol: 'tcp', expose: 'private' },
] as const

describe('the ports of an instance', () => {
  it('are those of its layers, in their order, without host ports', () => {
    expect(wantedPorts(declared, []).ports).toEqual([
      { name: 'game', protocol: 'udp', container: 5520, host: null, expose: 'public', fixed: false },
      { name: 'rcon', protocol: 'tcp', container: null, host: null, expose: 'private', fixed: false },
    ])
  })

  it('are overridden by name and added to', () => {
    const { ports } = wantedPorts(declared, [
      { name: 'game', protocol: 'udp', host: 30_000 },
      { name: 'map', protocol: 'tcp', container: 8080 },
    ])
    expect(ports.map(({ name, container, host, fixed }) => ({ name, container, host, fixed }))).toEqual([
      { name: 'game', container: 5520, host: 30_000, fixed: true },
      { name: 'rcon', container: null, host: null, fixed: false },
      { name: 'map', container: 8080, host: null, fixed: false },
    ])
  })

  it('make no sense when nobody reaches them and nobody says where the server listens', () => {
    const { invalid, ports } = wantedPorts(declared, [{ name: 'rcon', protocol: 'tcp', host: 9, expose: 'none' }])
    expect(invalid.map(({ path }) => path)).toEqual(['ports[0].host', 'ports[0].container'])
    expect(ports[1]).toMatchObject({ host: null, fixed: false })
    expect(wantedPorts([{ ...declared[1], expose: 'none' }], []).invalid[0]?.path).toBe('ports.rcon.container')
  })

  it('cannot share a number', () => {
    const { clashing } = wantedPorts(declared, [
      { name: 'game', protocol: 'udp', host: 7 },
      { name: 'other', protocol: 'udp', host: 7, container: 5520 },
      { name: 'third', protocol: 'tcp', host: 7, container: 5520 },
    ])
    expect(clashing).toEqual([
      { path: 'ports[1].host', message: 'udp/7 is also the host port of "game"' },
      { path: 'ports[1].container', message: 'udp/5520 is also the container port of "game"' },
    ])
  })
})

describe('ports that were given', () => {
  const given = { name: 'game', protocol: 'udp', container: 1, host: 25_000, expose: 'public', fixed: false } as const

  it('are kept where nothing else was asked for', () => {
    expect(keepHosts([{ ...given, host: null }], [given])[0]?.host).toBe(25_000)
    expect(keepHosts([{ ...given, host: null, protocol: 'tcp' }], [given])[0]?.host).toBeNull()
    expect(keepHosts([{ ...given, host: null, expose: 'none' }], [given])[0]?.host).toBeNull()
    expect(keepHosts([{ ...given, host: 7, fixed: true }], [given])[0]?.host).toBe(7)
  })
})
