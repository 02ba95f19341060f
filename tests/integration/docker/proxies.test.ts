import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request as plain } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { file, tar } from '../../factories/tar'
import type { ApiClient } from '../../support/api-client'
import { filesBelow } from '../../support/files-below'
import { openReverseProxy } from '../../support/reverse-proxy'
import type { ProxyKind, ReverseProxy } from '../../support/reverse-proxy'
import { freePort, openStrata } from '../../support/strata'
import type { Strata } from '../../support/strata'
import { waitFor } from '../../support/wait-for'

const MIB = 1024 ** 2
/** A person on another machine, as far as addresses go; the proxy itself speaks from 127.0.0.1. */
const CLIENT = '127.0.0.2'
const SPOOFED = '203.0.113.9'

async function read(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Bytes; 0 for what went away meanwhile. */
const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0

describe.each<ProxyKind>(['caddy', 'nginx'])('behind %s, as its example says', kind => {
  let strata: Strata
  let proxy: ReverseProxy
  let direct: ApiClient
  let origin: string
  let ca: Buffer
  let cookie: string

  beforeAll(async () => {
    const port = await freePort()
    origin = `https://localhost:${port}`
    strata = await openStrata({ STRATA_PUBLIC_URL: origin, STRATA_TRUSTED_PROXIES: '127.0.0.1' })
    await strata.startBrain()
    proxy = await openReverseProxy(kind, port, new URL(strata.origin).host)
    ca = readFileSync(proxy.ca)
  })
  afterAll(async () => {
    await proxy.close()
    await strata.close()
  })

  function call(method: string, path: string, headers: Record<string, string> = {}) {
    const options = {
      method,
      ca,
      localAddress: CLIENT,
      family: 4,
      agent: false,
      headers: { origin, ...headers },
    } as const
    const sent = request(`${origin}${path}`, options)
    const answer = new Promise<IncomingMessage>((resolve, reject) =>
      sent.once('response', resolve).once('error', reject),
    )
    return { sent, answer }
  }
  const login = JSON.stringify({ username: 'admin', password: 'correct horse battery' })

  it('knows that the browser speaks https, and who it is, whatever the browser claims', async () => {
    const { sent, answer } = call('POST', '/api/v1/auth/login', {
      'content-type': 'application/json',
      'x-forwarded-for': SPOOFED,
      forwarded: `for=${SPOOFED}`,
    })
    sent.end(login)
    const response = await answer
    expect(response.statusCode, (await read(response)).toString()).toBe(200)
    const [set = ''] = response.headers['set-cookie'] ?? []
    expect(set).toMatch(/; Secure/i)
    cookie = set.split(';')[0] ?? ''

    const asked = plain(`${strata.origin}/api/v1/auth/login`, {
      method: 'POST',
      localAddress: '127.0.0.3',
      headers: { 'content-type': 'application/json', origin, 'x-forwarded-for': SPOOFED },
    })
    asked.end(login)
    await new Promise<void>(resolve => asked.once('response', past => past.resume().once('end', () => resolve())))
    direct = await strata.signIn().catch(() => strata.signIn())
    const audit = await direct.expectStatus(200, 'GET', '/audit?limit=20')
    const addresses = (audit.body.items ?? [])
      .filter(({ action }) => action === 'auth.login')
      .map(({ address }) => address)
    expect(addresses).toContain(CLIENT)
    expect(addresses).toContain('127.0.0.3')
    expect(addresses).not.toContain(SPOOFED)
  })

  it('takes an archive while it comes, and gives it out again whole', async () => {
    const archive = tar(file('big.bin', Buffer.alloc(48 * MIB, 'strata')))
    const { sent, answer } = call('PUT', '/api/v1/templates/big/versions/1?type=map', {
      cookie,
      'content-type': 'application/octet-stream',
      'content-length': String(archive.length),
    })
    const half = 32 * MIB
    sent.write(archive.subarray(0, half))
    await waitFor('the first half to have reached the brain, with the second not sent', async () => {
      const folder = join(strata.folder, 'brain')
      const sizes = (await filesBelow(folder)).map(path => sizeOf(join(folder, path)))
      return Math.max(...sizes) > half - 8 * MIB
    })
    sent.end(archive.subarray(half))
    const response = await answer
    expect(response.statusCode, (await read(response)).toString()).toBe(201)

    const redirect = call('GET', '/api/v1/templates/big/versions/1/download', { cookie })
    redirect.sent.end()
    const moved = await redirect.answer
    moved.resume()
    expect(moved.statusCode).toBe(302)
    const target = new URL(moved.headers.location ?? '', origin)
    expect(target.origin).toBe(origin)
    const download = call('GET', `${target.pathname}${target.search}`)
    download.sent.end()
    const bytes = await read(await download.answer)
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(createHash('sha256').update(archive).digest('hex'))
  })

  it('has no limit of its own: four gigabytes are let in from the first byte', async () => {
    const largest = async () => {
      const folder = join(strata.folder, 'brain')
      return Math.max(
        ...(await filesBelow(folder)).filter(path => !known.has(path)).map(path => sizeOf(join(folder, path))),
      )
    }
    const known = new Set(await filesBelow(join(strata.folder, 'brain')))
    const { sent, answer } = call('PUT', '/api/v1/templates/huge/versions/1?type=map', {
      cookie,
      'content-type': 'application/octet-stream',
      'content-length': String(4096 * MIB),
    })
    const refused = answer.then(async response => `${response.statusCode} ${(await read(response)).toString()}`)
    sent.write(tar(file('big.bin', Buffer.alloc(16 * MIB, 'strata'))).subarray(0, 16 * MIB))
    const begun = waitFor('the first bytes to have reached the brain', async () => (await largest()) > 8 * MIB)
    expect(await Promise.race([begun, refused])).toBe(true)
    sent.destroy()
    await expect(refused).rejects.toThrow()
  })

  it('passes the panel’s socket on', async () => {
    const options = {
      transports: ['websocket'],
      ca: ca.toString(),
      extraHeaders: { cookie, origin },
      reconnection: false,
    }
    const socket = io(`${origin}/panel`, options)
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('connect_error', reject)
      })
      expect(socket.io.engine.transport.name).toBe('websocket')
    } finally {
      socket.close()
    }
  })

  it('lets an agent join', async () => {
    const made = (await direct.expectStatus(201, 'POST', '/nodes', { name: 'far' })).body as {
      node: { id: string }
      joinToken: string
      joinCommand: string
    }
    expect(made.joinCommand).toContain(origin)
    const env = { STRATA_BRAIN_URL: origin, STRATA_JOIN_TOKEN: made.joinToken, NODE_EXTRA_CA_CERTS: proxy.ca }
    const agent = strata.startAgent('far', env)
    await waitFor(`the node to be online; it said: ${agent.said()}`, async () => {
      const { contact } = (await direct.expectStatus(200, 'GET', `/nodes/${made.node.id}`)).body
      return contact === 'online'
    })
  })
})
