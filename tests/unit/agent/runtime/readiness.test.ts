import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { probeUntilReady } from '../../../../agent/runtime/readiness'

const servers: Server[] = []
afterEach(() => servers.splice(0).forEach(server => server.close()))

async function listen(onConnection: (socket: Socket) => void) {
  const server = createServer(onConnection)
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

it('does not take a proxy that accepts and closes for the server behind it', async () => {
  let tries = 0
  const ended = new AbortController()
  const proxy = await listen(socket => {
    tries++
    // Nobody is behind it for the first three.
    if (tries <= 3) socket.destroy()
    else ended.signal.addEventListener('abort', () => socket.destroy())
  })
  expect(
    await probeUntilReady({ tcp: 'game' }, async () => ({ ...proxy, isProxied: true }), AbortSignal.timeout(4_500)),
  ).toBe(true)
  expect(tries).toBe(4)
  ended.abort()
})

it('takes a connection to the server itself as it is', async () => {
  const server = await listen(socket => socket.destroy())
  const signal = AbortSignal.timeout(4_500)
  expect(await probeUntilReady({ tcp: 'game' }, async () => ({ ...server, isProxied: false }), signal)).toBe(true)
})
