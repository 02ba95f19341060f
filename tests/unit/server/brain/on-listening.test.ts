import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { onListening } from '../../../../server/brain/on-listening'
import { reachableUrl } from '../../../../server/brain/reachable-url'

const servers = [createServer(), createServer()] as const
afterEach(() => servers.forEach(server => server.close()))

/** The first thing told. */
function firstNews() {
  const news = Promise.withResolvers<AddressInfo | Error | null>()
  onListening({ listening: news.resolve, failed: news.resolve })
  return news.promise
}

it('tells where the server listens, and why it cannot', async () => {
  const listening = firstNews()
  servers[0].listen(0, '127.0.0.1')
  expect(await listening).toEqual(servers[0].address())

  const failing = firstNews()
  const { port } = servers[0].address() as AddressInfo
  servers[1].listen(port, '127.0.0.1')
  const [error] = (await once(servers[1], 'error')) as [Error]
  expect(await failing).toBe(error)
  expect(error.message).toContain('EADDRINUSE')
})

it('names an address that can be reached', () => {
  expect(reachableUrl('http', '0.0.0.0', 3000).href).toBe('http://127.0.0.1:3000/')
  expect(reachableUrl('http', '::', 3000).href).toBe('http://[::1]:3000/')
  expect(reachableUrl('http', '192.0.2.1', 80).href).toBe('http://192.0.2.1/')
})
