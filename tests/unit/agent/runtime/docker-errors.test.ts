import { describe, expect, it } from 'vitest'
import { engineWords, isUnrunnable, statusOf, takenPortIn } from '../../../../agent/runtime/docker-errors'

const PORTS = [
  { name: 'query', protocol: 'tcp' as const, container: 25_000, host: { addresses: ['0.0.0.0'], port: 25_000 } },
  { name: 'game', protocol: 'udp' as const, container: 25_000, host: { addresses: ['0.0.0.0'], port: 25_000 } },
  { name: 'web', protocol: 'tcp' as const, container: 80, host: { addresses: ['127.0.0.1'], port: 2500 } },
]

describe('the engine’s messages about ports', () => {
  it.each([
    [
      'driver failed programming external connectivity on endpoint strata-x (abc): Bind for 0.0.0.0:2500 failed: port is already allocated',
      'web',
    ],
    ['Error starting userland proxy: listen tcp4 0.0.0.0:25000: bind: address already in use', 'query'],
    ['Error starting userland proxy: listen udp4 0.0.0.0:25000: bind: address already in use', 'game'],
    [
      'failed to set up container networking: driver failed programming external connectivity on endpoint x: failed to bind host port 0.0.0.0:25000/tcp: address already in use',
      'query',
    ],
    ['failed to bind host port for 0.0.0.0:25000:172.17.0.2:25000/udp: address already in use', 'game'],
  ])('name a port: %s', (message, name) => {
    expect(takenPortIn(message, PORTS)?.name).toBe(name)
  })

  it('are told from others', () => {
    expect(takenPortIn('OCI runtime create failed: exec: "x": not found', PORTS)).toBeUndefined()
    expect(takenPortIn('Bind for 0.0.0.0:1 failed: port is already allocated', [])).toBeUndefined()
  })
})

describe('answers of the engine', () => {
  it('are told from silence by their status, and said in the engine’s words on one line', () => {
    const answer = Object.assign(new Error('(HTTP code 500) server error - long'), {
      statusCode: 500,
      json: { message: 'it\nbroke' },
    })
    expect([statusOf(answer), engineWords(answer)]).toEqual([500, 'it broke'])
    const silence = new Error('connect ECONNREFUSED')
    expect([statusOf(silence), engineWords(silence)]).toEqual([undefined, 'connect ECONNREFUSED'])
  })

  it('say when a program cannot be run at all', () => {
    expect(
      isUnrunnable(
        'OCI runtime create failed: container_linux.go: exec: "java": executable file not found in $PATH: unknown',
      ),
    ).toBe(true)
    expect(isUnrunnable('driver failed programming external connectivity')).toBe(false)
  })
})
