import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { POLICY } from '../../../../shared/domain/policy'
import { createFakeAgent, type FakeAgent } from '../../../fakes/fake-agent'
import { startFakeBrain, type FakeBrain } from '../../../fakes/fake-brain'
import { makeAgentMessage } from '../../../factories/agent-messages'
import { makeInstanceView } from '../../../factories/views'

let brain: FakeBrain
let pages: Socket[] = []
let agents: FakeAgent[] = []

beforeEach(async () => {
  brain = await startFakeBrain()
})
afterEach(async () => {
  vi.useRealTimers()
  for (const page of pages) page.close()
  await Promise.all(agents.map(agent => agent.close()))
  pages = []
  agents = []
  await brain.stop()
})

interface Credentials {
  cookie?: string
  token?: string
  headers?: Record<string, string>
  transports?: string[]
}

function makePage({ cookie, token, headers, transports }: Credentials): Socket {
  const page = io(`${brain.url}/panel`, {
    forceNew: true,
    reconnection: false,
    transports: transports ?? ['websocket'],
    auth: token ? { token } : {},
    extraHeaders: { ...(cookie ? { cookie } : {}), ...headers },
  })
  pages.push(page)
  return page
}

async function openPage(credentials: Credentials): Promise<Socket> {
  const page = makePage(credentials)
  await new Promise<void>((resolve, reject) => {
    page.once('connect', resolve)
    page.once('connect_error', reject)
  })
  return page
}

async function joined(nodeId: string): Promise<FakeAgent> {
  const agent = createFakeAgent({
    brainUrl: brain.url,
    identity: brain.agents.addNode(nodeId),
    heartbeatMs: 60_000,
    behaviour: { stepMs: 1 },
  })
  agents.push(agent)
  await agent.connect()
  await brain.agents.until(
    () => brain.gateway.agentLink.isConnected(nodeId) && brain.agents.of('report').some(([id]) => id === nodeId),
  )
  return agent
}

function next(page: Socket, event: string): Promise<unknown> {
  return new Promise(resolve => page.once(event, resolve))
}

async function named(agent: FakeAgent, name: string, count = 1): Promise<void> {
  await vi.waitFor(() => expect(agent.received.filter(message => message.name === name)).toHaveLength(count), 5_000)
}

describe('who may open the panel’s socket', () => {
  it('takes a session cookie and a token, in auth or as a header', async () => {
    brain.signIn('session=good', 'viewer')
    brain.signIn('Bearer strata_good', 'viewer')
    await openPage({ cookie: 'session=good' })
    await openPage({ cookie: 'session=good', transports: ['polling'] })
    await openPage({ token: 'strata_good' })
    await openPage({ headers: { authorization: 'Bearer strata_good' } })
  })

  const nobodies: [string, Credentials, string][] = [
    ['nobody', {}, 'UNAUTHENTICATED'],
    ['a cookie nobody has', { cookie: 'session=bad' }, 'UNAUTHENTICATED'],
    ['a token nobody has', { token: 'strata_bad' }, 'UNAUTHENTICATED'],
    ['a bad token beside a good cookie', { cookie: 'session=good', token: 'strata_bad' }, 'UNAUTHENTICATED'],
    [
      'a good cookie from a page of another site',
      { cookie: 'session=good', headers: { origin: 'http://evil.example' } },
      'ORIGIN_REFUSED',
    ],
  ]
  for (const [who, credentials, code] of nobodies) {
    it(`refuses ${who}`, async () => {
      brain.signIn('session=good', 'admin')
      expect(await openPage(credentials).catch((error: unknown) => error)).toMatchObject({ data: { code } })
    })
  }

  it('takes a token from a page of another site: no browser adds one by itself', async () => {
    brain.signIn('Bearer strata_good', 'viewer')
    await openPage({ token: 'strata_good', headers: { origin: 'http://tool.example' } })
  })
})

describe('what the panel hears', () => {
  it('is what its permissions let it read', async () => {
    brain.signIn('session=admin', 'admin')
    brain.signIn('session=viewer', 'viewer')
    const admin = await openPage({ cookie: 'session=admin' })
    const viewer = await openPage({ cookie: 'session=viewer' })
    const heard: string[] = []
    viewer.onAny((name: string) => heard.push(name))
    const removed = next(admin, 'node.removed')
    brain.gateway.panelBus.publish('node.removed', { id: 'only-for-admins' }, 'node.manage')
    expect(await removed).toEqual({ id: 'only-for-admins' })
    const changed = next(viewer, 'template.changed')
    brain.gateway.panelBus.publish('template.changed', { id: 'base' }, 'template.read')
    expect(await changed).toEqual({ id: 'base' })
    expect(heard).toEqual(['template.changed'])
  })

  it('of a burst: the first and always the last', async () => {
    brain.signIn('session=viewer', 'viewer')
    const page = await openPage({ cookie: 'session=viewer' })
    const revisions: number[] = []
    page.on('instance.changed', (view: { revision: number }) => revisions.push(view.revision))
    for (let revision = 1; revision <= 1_000; revision++)
      brain.gateway.panelBus.publish('instance.changed', makeInstanceView('one', { revision }), 'instance.read')
    await vi.waitFor(() => expect(revisions.at(-1)).toBe(1_000))
    expect(revisions).toEqual([1, 1_000])
  })
})

describe('watching a console', () => {
  beforeEach(() => {
    brain.signIn('session=viewer', 'viewer')
    brain.agents.owners.set('one', 'node-a')
    brain.agents.owners.set('two', 'node-a')
  })

  it('streams to those who watch, from the first watcher to the last', async () => {
    const agent = await joined('node-a')
    const [first, second, other] = await Promise.all(['', '', ''].map(() => openPage({ cookie: 'session=viewer' })))
    if (!first || !second || !other) throw new Error('unreachable')
    const heardByOther: unknown[] = []
    other.onAny((...args: unknown[]) => heardByOther.push(args))
    expect(await first.emitWithAck('watch', { instanceId: 'one' })).toEqual({ ok: true })
    expect(await second.emitWithAck('watch', { instanceId: 'one' })).toEqual({ ok: true })
    await named(agent, 'instance.watch')

    const lines = Promise.all([next(first, 'console.lines'), next(second, 'console.lines')])
    const sample = next(first, 'stats.sample')
    await agent.say('instance.console', makeAgentMessage['instance.console']('one'))
    await agent.say('instance.stats', makeAgentMessage['instance.stats']('one'))
    const expected = makeAgentMessage['instance.console']('one')
    expect(await lines).toEqual([expected, expected])
    expect(await sample).toEqual({ ...makeAgentMessage['instance.stats']('one'), at: expect.any(Number) as number })

    await first.emitWithAck('unwatch', { instanceId: 'one' })
    expect(agent.received.map(message => message.name)).not.toContain('instance.unwatch')
    second.close()
    await named(agent, 'instance.unwatch')
    expect(agent.received.filter(message => message.name === 'instance.watch')).toHaveLength(1)
    expect(heardByOther).toEqual([])
  })

  it('begins anew when the agent is back', async () => {
    const agent = await joined('node-a')
    const page = await openPage({ cookie: 'session=viewer' })
    await page.emitWithAck('watch', { instanceId: 'one' })
    await named(agent, 'instance.watch')
    agent.dropConnection()
    await named(agent, 'instance.watch', 2)
    const lines = next(page, 'console.lines')
    await agent.say('instance.console', makeAgentMessage['instance.console']('one'))
    await lines
  })

  it('follows an instance that gets a node, or another one, while it is watched', async () => {
    const [a, b] = [await joined('node-a'), await joined('node-b')]
    brain.agents.owners.set('three', 'nowhere')
    const page = await openPage({ cookie: 'session=viewer' })
    await page.emitWithAck('watch', { instanceId: 'three' })
    brain.gateway.panelBus.publish(
      'instance.changed',
      makeInstanceView('three', { node: { id: 'node-a', name: 'a', contact: 'online', unreachableSince: null } }),
      'instance.read',
    )
    await named(a, 'instance.watch')
    brain.gateway.panelBus.publish(
      'instance.changed',
      makeInstanceView('three', { node: { id: 'node-b', name: 'b', contact: 'online', unreachableSince: null } }),
      'instance.read',
    )
    await named(b, 'instance.watch')
    await named(a, 'instance.unwatch')
  })

  it('tells a node that streams though nobody looks to stop, and forwards nothing', async () => {
    const agent = await joined('node-a')
    await agent.say('instance.console', makeAgentMessage['instance.console']('one'))
    await named(agent, 'instance.unwatch')
  })

  it('ends as wanted when somebody clicks to and fro', async () => {
    const agent = await joined('node-a')
    const page = await openPage({ cookie: 'session=viewer' })
    const names = Array.from({ length: 21 }, (_, index) => (index % 2 ? 'unwatch' : 'watch'))
    await Promise.all(names.map(name => page.emitWithAck(name, { instanceId: 'one' })))
    await vi.waitFor(() => expect(agent.watched()).toBe(1))
    await page.emitWithAck('unwatch', { instanceId: 'one' })
    await vi.waitFor(() => expect(agent.watched()).toBe(0))
  })

  it('needs the permission, an instance that exists and a message of the right shape', async () => {
    const page = await openPage({ cookie: 'session=viewer' })
    expect(await page.emitWithAck('watch', { instanceId: 'unknown' })).toMatchObject({ ok: false, code: 'NOT_FOUND' })
    expect(await page.emitWithAck('watch', { instanceId: 'one', more: 1 })).toMatchObject({
      ok: false,
      code: 'MESSAGE_INVALID',
    })
    expect(await page.emitWithAck('watch')).toMatchObject({ ok: false, code: 'MESSAGE_INVALID' })
    expect(await page.emitWithAck('error', {})).toMatchObject({ ok: false, code: 'MESSAGE_INVALID' })
    expect(await page.emitWithAck('node.report', {})).toMatchObject({ ok: false, code: 'MESSAGE_INVALID' })
    brain.principals.set('session=none', { ...brain.signIn('session=x', 'viewer'), grants: [] })
    const powerless = await openPage({ cookie: 'session=none' })
    expect(await powerless.emitWithAck('watch', { instanceId: 'one' })).toMatchObject({ ok: false, code: 'FORBIDDEN' })
  })
})

describe('the end of a session', () => {
  it('ends its pages at once and no others', async () => {
    brain.signIn('session=1', 'viewer', { sessionId: 's1', userId: 'u' })
    brain.signIn('session=2', 'viewer', { sessionId: 's2', userId: 'u' })
    const [one, polling, two] = [
      await openPage({ cookie: 'session=1' }),
      await openPage({ cookie: 'session=1', transports: ['polling'] }),
      await openPage({ cookie: 'session=2' }),
    ]
    const began = performance.now()
    const told = Promise.all([one, polling].map(page => next(page, 'session.ended')))
    const gone = Promise.all([one, polling].map(page => next(page, 'disconnect')))
    brain.gateway.panelBus.endSessions({ sessionId: 's1' })
    await Promise.all([told, gone])
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(two.connected).toBe(true)
    const last = next(two, 'disconnect')
    brain.gateway.panelBus.endSessions({ userId: 'u' })
    await last
  })

  it('is not outrun by a page that is just coming in', async () => {
    brain.signIn('session=1', 'viewer', { sessionId: 's1' })
    let answer = (): void => undefined
    const asked = brain.holdIdentification(new Promise<void>(resolve => (answer = resolve)))
    const page = makePage({ cookie: 'session=1' })
    const refused = next(page, 'connect_error')
    await asked
    brain.gateway.panelBus.endSessions({ sessionId: 's1' })
    answer()
    expect(await refused).toMatchObject({ data: { code: 'UNAUTHENTICATED' } })
  })

  it('is found out when it expired, or the role changed, without anybody ending it', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await brain.stop()
    brain = await startFakeBrain()
    for (const who of ['kept', 'expired', 'changed']) brain.signIn(`session=${who}`, 'operator', { sessionId: who })
    const [kept, expired, changed] = [
      await openPage({ cookie: 'session=kept' }),
      await openPage({ cookie: 'session=expired' }),
      await openPage({ cookie: 'session=changed' }),
    ]
    const gone = Promise.all([next(expired, 'session.ended'), next(changed, 'session.ended')])
    brain.principals.delete('session=expired')
    brain.signIn('session=changed', 'viewer', { sessionId: 'changed' })
    vi.advanceTimersByTime(POLICY.channel.revalidateMs)
    await gone
    expect(kept.connected).toBe(true)
  })
})
