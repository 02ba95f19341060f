import { createHash } from 'node:crypto'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Node } from '../../../shared/schemas/node'
import { createFakeAgent, type FakeAgent } from '../../fakes/fake-agent'
import type { ApiClient } from '../../support/api-client'
import { openStrata, type Strata } from '../../support/strata'
import { waitFor } from '../../support/wait-for'

/** The gateway in the brain as it is built, through Nitro's own HTTP server. */
let strata: Strata
let brain: Awaited<ReturnType<Strata['startBrain']>>
let admin: ApiClient
let token: string
const open: { close(): unknown }[] = []

beforeAll(async () => {
  strata = await openStrata()
  brain = await strata.startBrain()
  admin = await strata.signIn()
  const made = await admin.expectStatus(201, 'POST', '/tokens', { name: 'sockets', role: 'viewer' })
  token = String(made.body.token)
})
afterAll(async () => {
  for (const each of open) await each.close()
  await strata.close()
})

async function openPage(options: Parameters<typeof io>[1]): Promise<Socket> {
  const page = io(`${strata.origin}/panel`, { forceNew: true, reconnection: false, ...options })
  open.push(page)
  await new Promise<void>((resolve, reject) => {
    page.once('connect', resolve)
    page.once('connect_error', reject)
  })
  return page
}

async function joinNode(name: string): Promise<{ id: string; agent: FakeAgent }> {
  const { body } = await admin.expectStatus(201, 'POST', '/nodes', { name })
  const agent = createFakeAgent({ brainUrl: strata.origin, joinToken: String(body.joinToken) })
  open.push(agent)
  await agent.connect()
  const { id } = body.node as Node
  await contact(id, 'online')
  return { id, agent }
}

function contact(id: string, wanted: Node['contact']): Promise<unknown> {
  return waitFor(
    `node ${id} to be ${wanted}`,
    async () => (await admin.call('GET', `/nodes/${id}`)).body.contact === wanted,
  )
}

describe('the sockets of a built brain', () => {
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    it(`speak over ${transports.join(', then ')}`, async () => {
      const page = await openPage({ transports, auth: { token } })
      await waitFor('the upgrade', () => page.io.engine.transport.name === transports.at(-1))
      expect(await page.emitWithAck('watch', { instanceId: 'nobody' })).toMatchObject({ ok: false, code: 'NOT_FOUND' })
    })
  }

  it('let nobody in without a session, nor pages of other sites with one', async () => {
    await expect(openPage({ transports: ['websocket'] })).rejects.toMatchObject({ data: { code: 'UNAUTHENTICATED' } })
    const login = await admin.call('POST', '/auth/login', { ...strata.admin }, { origin: strata.origin })
    const cookie = login.headers
      .getSetCookie()
      .map(line => line.split(';')[0])
      .join('; ')
    const foreign = openPage({ transports: ['websocket'], extraHeaders: { cookie, origin: 'http://evil.example' } })
    await expect(foreign).rejects.toMatchObject({ data: { code: 'ORIGIN_REFUSED' } })
    const own = await openPage({ transports: ['websocket'], extraHeaders: { cookie, origin: strata.origin } })
    const ended = new Promise(resolve => own.once('session.ended', resolve))
    await fetch(`${strata.origin}/api/v1/auth/logout`, { method: 'POST', headers: { cookie, origin: strata.origin } })
    await ended
  })

  it('set no cookie on a poll, and carry no other WebSocket', async () => {
    const poll = await fetch(`${strata.origin}/socket.io/?EIO=4&transport=polling`)
    expect([poll.status, poll.headers.getSetCookie()]).toEqual([200, []])
    const socket = new WebSocket(`${strata.origin.replace('http', 'ws')}/api/v1/nodes`)
    expect(
      await new Promise(resolve =>
        ['open', 'error'].forEach(name => socket.addEventListener(name, () => resolve(name))),
      ),
    ).toBe('error')
  })

  it('bring a node in, show it to the panel at once, and outlive a message of 2 MB', async () => {
    const page = await openPage({ transports: ['websocket'], auth: { token } })
    const online = new Promise<Node>(resolve =>
      page.on('node.changed', (node: Node) => node.contact === 'online' && resolve(node)),
    )
    const { id, agent } = await joinNode('first')
    expect((await online).id).toBe(id)
    const cut = new Promise(resolve => agent.socket.once('disconnect', resolve))
    agent.socket.emit('instance.console', 'x'.repeat(2_000_000))
    await cut
    await waitFor('the agent to be back', () => agent.socket.connected)
    await contact(id, 'online')
  })

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`come back by themselves after the brain ended by ${signal}`, async () => {
      const { id, agent } = await joinNode(`survivor-${signal.toLowerCase()}`)
      const lost = new Promise(resolve => agent.socket.once('disconnect', resolve))
      await brain.end(signal)
      await lost
      brain = await strata.startBrain()
      await waitFor('the agent to be back', () => agent.socket.connected)
      await contact(id, 'online')
    })
  }

  it('give out the agent with its checksum', async () => {
    const answer = await fetch(`${strata.origin}/agent/strata-agent.mjs`)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    expect(answer.headers.get('x-strata-sha256')).toBe(sha256)
    expect(await (await fetch(`${strata.origin}/agent/strata-agent.mjs.sha256`)).text()).toBe(
      `${sha256}  strata-agent.mjs\n`,
    )
    const mistaken = await fetch(`${strata.origin}/agent/strata-agent.js`)
    expect([mistaken.status, mistaken.headers.get('content-type')]).toEqual([
      404,
      'application/problem+json; charset=utf-8',
    ])
  })
})
