import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Grant, GrantRole } from '../../../../shared/domain/permissions'
import { brainToPanel } from '../../../../shared/protocol/panel'
import type { BrainToPanel } from '../../../../shared/protocol/panel'
import { makeAgentMessage } from '../../../factories/agent-messages'
import { makeInstanceView } from '../../../factories/views'
import { startFakeBrain, type FakeBrain } from '../../../fakes/fake-brain'

/** What the sockets of those hear who have single servers. */
let brain: FakeBrain
let pages: Socket[] = []

beforeEach(async () => {
  brain = await startFakeBrain()
  for (const id of ['a', 'b', 'c']) brain.agents.owners.set(id, 'node-a')
})
afterEach(async () => {
  for (const page of pages) page.close()
  pages = []
  await brain.stop()
})

const over = (role: GrantRole, ...ids: string[]): Grant[] => ids.map(id => ({ role, scope: { kind: 'instance', id } }))

async function open(name: string, grants: Grant[]): Promise<Socket> {
  brain.principals.set(`session=${name}`, { ...brain.signIn(`session=${name}`, 'viewer', { sessionId: name }), grants })
  const page = io(`${brain.url}/panel`, {
    forceNew: true,
    reconnection: false,
    transports: ['websocket'],
    extraHeaders: { cookie: `session=${name}` },
  })
  pages.push(page)
  await new Promise<void>((resolve, reject) => {
    page.once('connect', resolve)
    page.once('connect_error', reject)
  })
  return page
}

const actor = { kind: 'user', id: 'u', name: 'u' } as const
/** A message of each kind about a server, or the nearest to it. */
const ABOUT: { [Name in keyof BrainToPanel]: (id: string) => BrainToPanel[Name] } = {
  'instance.changed': id => makeInstanceView(id),
  'instance.event': id => ({
    id: '1',
    instanceId: id,
    at: 0,
    kind: 'note',
    from: null,
    to: null,
    generation: 1,
    runId: null,
    actor,
    cause: 'x',
    message: 'x',
  }),
  'operation.changed': id => ({
    id,
    kind: 'test',
    subject: { kind: 'instance', id, name: null },
    state: 'running',
    actor,
    cancelledBy: null,
    needs: 'instance.operate',
    input: {},
    progress: { step: '', done: 0, total: null, bytes: null },
    result: null,
    error: null,
    createdAt: 0,
    endedAt: null,
  }),
  'node.changed': id => ({ id }) as BrainToPanel['node.changed'],
  'node.removed': id => ({ id }),
  'template.changed': id => ({ id }),
  'console.lines': id => makeAgentMessage['instance.console'](id),
  'stats.sample': id => makeAgentMessage['instance.stats'](id),
  'session.ended': () => ({ at: 0 }),
}
/** What the brain itself asks of those who are to hear it. */
const NEEDS = {
  'operation.changed': 'operation.read',
  'node.changed': 'node.read',
  'node.removed': 'node.read',
  'template.changed': 'template.read',
} as const
const OF_A_SERVER = ['instance.changed', 'instance.event', 'operation.changed']

it.each(Object.keys(brainToPanel) as (keyof BrainToPanel)[])(
  '%s of another server never reaches a helper, that of the own server once',
  async name => {
    const helper = await open('helper', over('helper', 'a', 'c'))
    const viewer = await open('viewer', [...over('helper', 'a'), { role: 'viewer', scope: { kind: 'all' } }])
    const heard: Record<'helper' | 'viewer', unknown[]> = { helper: [], viewer: [] }
    helper.onAny((...message: unknown[]) => heard.helper.push(message))
    viewer.onAny((...message: unknown[]) => heard.viewer.push(message))
    const needs = name in NEEDS ? NEEDS[name as keyof typeof NEEDS] : 'instance.read'
    for (const id of ['b', 'a']) brain.gateway.panelBus.publish(name, ABOUT[name](id), needs)
    // Behind what was said before: when it is there, so is everything else.
    const last = Promise.all([helper, viewer].map(page => new Promise(resolve => page.once('disconnect', resolve))))
    brain.gateway.panelBus.endSessions({ userId: 'viewer' })
    await last
    const end = ['session.ended', { at: expect.any(Number) }]
    const own = OF_A_SERVER.includes(name) ? [[name, ABOUT[name]('a')]] : []
    expect(heard.helper).toEqual([...own, end])
    expect(heard.viewer).toEqual([[name, ABOUT[name]('b')], [name, ABOUT[name]('a')], end])
  },
)

it('a helper watches the own servers; another one is there as little as one that never was', async () => {
  const helper = await open('helper', over('helper', 'a'))
  expect(await helper.emitWithAck('watch', { instanceId: 'a' })).toEqual({ ok: true })
  const other = (await helper.emitWithAck('watch', { instanceId: 'b' })) as { message: string }
  const never = (await helper.emitWithAck('watch', { instanceId: 'never' })) as { message: string }
  expect(other).toMatchObject({ ok: false, code: 'NOT_FOUND' })
  expect({ ...other, message: other.message.replace('b', 'ID') }).toEqual({
    ...never,
    message: never.message.replace('never', 'ID'),
  })
})

it('the end of a token ends its sockets, and not those of its owner', async () => {
  brain.principals.set('session=token', {
    actor: { kind: 'token', id: 't1', name: 'ci' },
    grants: over('helper', 'a'),
    sessionId: null,
    userId: 'viewer',
  })
  const owner = await open('owner', over('helper', 'a'))
  const page = io(`${brain.url}/panel`, {
    forceNew: true,
    reconnection: false,
    transports: ['websocket'],
    extraHeaders: { cookie: 'session=token' },
  })
  pages.push(page)
  await new Promise<void>(resolve => page.once('connect', resolve))
  const gone = new Promise(resolve => page.once('disconnect', resolve))
  brain.gateway.panelBus.endSessions({ tokenId: 't1' })
  await gone
  expect(owner.connected).toBe(true)
})
