import { describe, expect, it } from 'vitest'
import { runtimeSection } from '../../../../shared/schemas/runtime'

const accepts = (section: unknown) => runtimeSection.safeParse(section).success

describe('the runtime section', () => {
  it('takes everything left out', () => {
    expect(runtimeSection.parse({})).toEqual({})
  })

  it.each([
    ['two ways to be ready', { ready: { log: 'x', tcp: 'game' } }],
    ['a path without http', { ready: { tcp: 'game', path: '/' } }],
    ['a path that does not begin with /', { ready: { http: 'web', path: 'up' } }],
    ['two lines to stop', { stop: { input: 'save\nstop' } }],
    ['a signal that does not ask', { stop: { signal: 'SIGKILL' } }],
    ['an exit code beyond 255', { exitCodes: { 256: 'stop' } }],
    ['an exit code with a zero in front', { exitCodes: { '08': 'stop' } }],
    ['an unknown exit action', { exitCodes: { 8: 'explode' } }],
    [
      'two ports of one name',
      {
        ports: [
          { name: 'a', protocol: 'tcp' },
          { name: 'a', protocol: 'udp' },
        ],
      },
    ],
    ['the root as workdir', { workdir: '/' }],
    ['a workdir that climbs', { workdir: '/srv/../etc' }],
    ['a relative workdir', { workdir: 'srv' }],
    ['white space in an image', { image: 'a b' }],
    ['an option in place of an image name', { image: 'a\n--privileged' }],
    ['an empty command', { command: [] }],
    ['a NUL in an argument', { command: ['a\0'] }],
    ['an environment name with =', { env: { 'A=B': '1' } }],
    ['no memory at all', { resources: { memoryMb: 0 } }],
    ['an unknown key', { privileged: true }],
  ])('refuses %s', (_, section) => {
    expect(accepts(section)).toBe(false)
  })
})
