import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { io } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEngine, type SocketEngine } from '../../../../server/gateway/engine'

let engine: SocketEngine
let server: Server
let url: string

beforeEach(async () => {
  engine = createEngine({ monotonic: () => performance.now(), onFlood: () => undefined, onClose: () => undefined })
  engine.io
    .of('/test')
    .on('connection', socket => socket.on('echo', (value: unknown, answer: (value: unknown) => void) => answer(value)))
  server = createServer()
  // As crossws does it in Nitro.
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/socket.io/')) engine.handleRequest(request, response)
    else response.end('page')
  })
  server.on('upgrade', (request, socket, head) => engine.webSocketServer.handleUpgrade(request, socket, head))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  await engine.close()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

describe('the engine behind a server that is not its own', () => {
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    it(`speaks over ${transports.join(', then ')}`, async () => {
      const socket = io(`${url}/test`, { transports, forceNew: true, reconnection: false })
      const upgraded = new Promise(resolve => socket.io.engine.once('upgrade', resolve))
      await new Promise((resolve, reject) =>
        socket.once('connect', () => resolve(undefined)).once('connect_error', reject),
      )
      if (transports.length > 1) await upgraded
      expect(socket.io.engine.transport.name).toBe(transports.at(-1))
      expect(await socket.emitWithAck('echo', { text: 'ä' })).toEqual({ text: 'ä' })
      socket.close()
    })
  }

  it('refuses WebSockets elsewhere and leaves other requests alone', async () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/other`)
    expect(
      await new Promise(resolve =>
        ['open', 'error'].forEach(name => socket.addEventListener(name, () => resolve(name))),
      ),
    ).toBe('error')
    expect(await (await fetch(`${url}/socket.iox`)).text()).toBe('page')
  })

  it('checks what Engine.IO checks: transport, session and protocol revision', async () => {
    for (const query of [
      'transport=smoke&EIO=4',
      'transport=polling&EIO=4&sid=nobody',
      'transport=polling&EIO=2',
      '',
    ]) {
      expect((await fetch(`${url}/socket.io/?${query}`)).status, query).toBe(400)
    }
  })
})
