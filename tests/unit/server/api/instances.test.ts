import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Instance, PlacementExplanation } from '../../../../shared/schemas/instance'
import type { InstanceEvent } from '../../../../shared/schemas/event'
import type { BrainToAgent } from '../../../../shared/protocol/agent'
import { startFleetApi } from '../../../support/fleet-api'
import type { FleetApi } from '../../../support/fleet-api'

const BASE = `
variables:
  MOTD: { default: "Welcome to \${INSTANCE_NAME}", pattern: "^.{1,20}$" }
  KEY: { secret: true, required: true, description: the key of the door }
runtime:
  image: busybox
  command: [serve, "--port", "\${PORT}", "--motd", "\${MOTD}"]
  ports: [{ name: game, protocol: udp }, { name: rcon, protocol: tcp, container: 7000, expose: private }]
  resources: { memoryMb: 256, cpus: 1 }
`
const SECRET = 'correct-horse'

let api: FleetApi
beforeEach(async () => {
  api = await startFleetApi()
  await api.publish('base@1', BASE, '?type=master')
})
afterEach(() => api.close())

const create = (over: Record<string, unknown> = {}) => api.create({ variables: { KEY: SECRET }, ...over })
const post = (id: string, act: string) => api.ok<Instance>(202, 'POST', `/instances/${id}/${act}`)
const steps = (events: InstanceEvent[]) =>
  events.filter(({ kind }) => kind === 'transition').map(({ from, to }) => `${from} ${to}`)
const prepared = (agent: { received: { name: string; payload: unknown }[] }) =>
  agent.received
    .filter(({ name }) => name === 'instance.prepare')
    .map(({ payload }) => payload as BrainToAgent['instance.prepare'])

describe('the life of an instance', () => {
  it('goes through every state on a node, each with cause and actor', async () => {
    const { agent, node } = await api.join('one')
    const created = await create()
    expect(created).toMatchObject({ state: 'REQUESTED', desired: 'running', generation: 1, node: null, revision: 1 })
    const running = await api.until(created.id, { state: 'RUNNING' })
    expect(running).toMatchObject({
      node: { id: node.id, contact: 'online' },
      address: '127.0.0.1:25000',
      appliedGeneration: 1,
      pending: false,
      resources: { memoryMb: 256, cpus: 1 },
      ports: [
        { name: 'game', protocol: 'udp', container: null, host: 25_000, expose: 'public', fixed: false },
        { name: 'rcon', protocol: 'tcp', container: 7_000, host: 25_000, expose: 'private', fixed: false },
      ],
    })

    await post(created.id, 'stop')
    await api.until(created.id, { state: 'STOPPED', desired: 'stopped' })
    await post(created.id, 'start')
    await api.until(created.id, { state: 'RUNNING', appliedGeneration: 2 })
    await post(created.id, 'kill')
    await api.until(created.id, { state: 'STOPPED' })
    expect(agent.received.map(({ name }) => name)).toContain('instance.kill')
    await api.ok(202, 'DELETE', `/instances/${created.id}`)
    await api.until(created.id, { state: 'DESTROYED' })

    const events = await api.events(created.id)
    expect(steps(events)).toEqual([
      'REQUESTED PREPARING',
      'PREPARING PREPARED',
      'PREPARED STARTING',
      'STARTING RUNNING',
      'RUNNING STOPPING',
      'STOPPING STOPPED',
      'STOPPED PREPARING',
      'PREPARING PREPARED',
      'PREPARED STARTING',
      'STARTING RUNNING',
      'RUNNING STOPPING',
      'STOPPING STOPPED',
      'STOPPED DESTROYING',
      'DESTROYING DESTROYED',
    ])
    expect(events.filter(({ kind }) => kind === 'wish').map(({ cause, actor }) => [cause, actor.name])).toEqual(
      ['create.requested', 'stop.requested', 'start.requested', 'kill.requested', 'destroy.requested'].map(cause => [
        cause,
        'admin',
      ]),
    )
    expect(events.every(({ cause, message }) => cause !== '' && message !== '')).toBe(true)
    expect(agent.instances.get(created.id)?.observation.state).toBe('DESTROYED')

    const list = async (query: string) =>
      (await api.ok<{ items: Instance[] }>(200, 'GET', `/instances${query}`)).items.map(({ id }) => id)
    expect(await list('')).toEqual([])
    expect(await list('?state=DESTROYED')).toEqual([created.id])
  })

  it('waits as REQUESTED with a reason until a node fits', async () => {
    const { id } = await create()
    const waiting = await api.until(id, { state: 'REQUESTED' })
    await expect.poll(async () => (await api.instance(id)).reason?.code).toBe('NO_NODE_FITS')
    expect(waiting.node).toBeNull()
    await api.join('one')
    await api.until(id, { state: 'RUNNING', reason: null })
  })

  it('created to be stopped ends PREPARED', async () => {
    await api.join('one')
    const { id } = await create({ desired: 'stopped' })
    await api.until(id, { state: 'PREPARED', desired: 'stopped' })
  })

  it('that never had a node is destroyed at once', async () => {
    const { id } = await create()
    await api.ok(202, 'DELETE', `/instances/${id}`)
    await api.until(id, { state: 'DESTROYED' })
    expect(steps(await api.events(id))).toEqual(['REQUESTED DESTROYING', 'DESTROYING DESTROYED'])
  })

  it('keeps the words of a failure, and retries when told to', async () => {
    const { agent } = await api.join('one', { behaviour: { failPrepare: 'IMAGE_MISSING' } })
    const { id } = await create()
    const failed = await api.until(id, { state: 'FAILED' })
    expect(failed.reason).toMatchObject({ code: 'IMAGE_MISSING', message: expect.stringContaining('image') })
    agent.behaviour.failPrepare = null
    await post(id, 'retry')
    await api.until(id, { state: 'RUNNING', reason: null })
  })

  it('shows a crash and the restart after it', async () => {
    const { agent } = await api.join('one')
    const { id } = await create()
    await api.until(id, { state: 'RUNNING' })
    agent.instances.get(id)?.crash()
    await api.until(id, { state: 'RUNNING', restarts: 1 })
    const crash = (await api.events(id)).find(({ kind }) => kind === 'crash')
    expect(crash).toMatchObject({
      from: 'RUNNING',
      to: 'STARTING',
      cause: 'exit.crash',
      actor: { kind: 'server', name: 'lobby' },
    })
  })
})

describe('pressing', () => {
  it('fifty times has one effect', async () => {
    const { agent } = await api.join('one', { behaviour: { stepMs: 1_000 } })
    const { id } = await create()
    await api.until(id, { state: 'RUNNING' })
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => api.call<Instance>('POST', `/instances/${id}/restart`)),
    )
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.generation}`))).toEqual(new Set(['202 2']))
    await api.until(id, { state: 'RUNNING', appliedGeneration: 2 })
    await Promise.all(Array.from({ length: 50 }, () => api.ok(202, 'POST', `/instances/${id}/start`)))
    expect((await api.instance(id)).generation).toBe(2)
    expect(agent.received.filter(({ name }) => name === 'instance.stop')).toHaveLength(1)
  }, 30_000)

  it('opposite buttons at once gives each a definite answer and one outcome', async () => {
    await api.join('one')
    const { id } = await create()
    await api.until(id, { state: 'RUNNING' })
    const answers = await Promise.all(
      ['stop', 'start', 'restart', 'kill', 'stop', 'start'].map(act =>
        api.call<Instance>('POST', `/instances/${id}/${act}`),
      ),
    )
    expect(answers.every(({ status }) => status === 202)).toBe(true)
    const { desired } = await api.instance(id)
    await api.until(id, { state: desired === 'running' ? 'RUNNING' : 'STOPPED' })
  })

  it('on what is being destroyed is refused in words', async () => {
    const { id } = await create()
    await api.ok(202, 'DELETE', `/instances/${id}`)
    await api.ok(202, 'DELETE', `/instances/${id}`)
    for (const act of ['start', 'stop', 'restart', 'retry', 'kill']) {
      const { status, body } = await api.call('POST', `/instances/${id}/${act}`)
      expect([act, status, body.code]).toEqual([act, 409, 'INSTANCE_DESTROYED'])
    }
    expect((await api.call('PATCH', `/instances/${id}`, { description: 'x' })).body.code).toBe('INSTANCE_DESTROYED')
  })

  it('nothing that exists is 404', async () => {
    expect((await api.call('POST', '/instances/nobody/start')).body.code).toBe('NOT_FOUND')
    expect((await api.call('GET', '/instances/nobody/events')).body.code).toBe('NOT_FOUND')
    expect((await api.call('GET', '/instances/nobody')).body.code).toBe('NOT_FOUND')
  })
})

describe('what cannot be created', () => {
  const refused = async (over: Record<string, unknown>) => {
    const input = { name: 'lobby', layers: [{ template: 'base' }], variables: { KEY: SECRET }, ...over }
    const { status, body } = await api.call('POST', '/instances', input)
    const { items } = await api.ok<{ items: Instance[] }>(200, 'GET', '/instances')
    expect(items.filter(({ name }) => name === input.name).length).toBeLessThanOrEqual(1)
    return { status, code: body.code, issues: body.issues, detail: body.detail }
  }

  it('says which layer is unknown, by its position', async () => {
    const answer = await refused({
      layers: [{ template: 'base' }, { template: 'nope' }, { template: 'base', version: '9' }],
    })
    expect(answer).toMatchObject({
      status: 422,
      code: 'UNKNOWN_LAYER',
      issues: [{ path: 'layers[1]' }, { path: 'layers[2]' }],
    })
  })

  it('says which variables are missing, and why one is wrong, without its value', async () => {
    expect(await refused({ variables: {} })).toMatchObject({
      status: 422,
      code: 'VARIABLES_MISSING',
      issues: [{ path: 'variables.KEY', message: expect.stringContaining('the key of the door') }],
    })
    const wrong = await refused({ variables: { KEY: SECRET, MOTD: 'x'.repeat(21) } })
    expect(wrong).toMatchObject({ status: 422, code: 'VARIABLE_INVALID', issues: [{ path: 'variables.MOTD' }] })
    expect(JSON.stringify(wrong)).not.toContain('xxx')
    expect(await refused({ variables: { KEY: SECRET, INSTANCE_ID: 'me' } })).toMatchObject({ code: 'VARIABLE_INVALID' })
    expect(await refused({ variables: { KEY: '••••••' } })).toMatchObject({ status: 422, code: 'VARIABLE_INVALID' })
  })

  it('says what the layers do not say', async () => {
    await api.publish('files@1', 'description: only files')
    expect(await refused({ layers: [{ template: 'files' }], variables: {} })).toMatchObject({
      status: 422,
      code: 'RUNTIME_INCOMPLETE',
    })
  })

  it('says that a name is taken, until its holder is destroyed', async () => {
    const { id } = await create()
    expect(await refused({})).toMatchObject({ status: 409, code: 'NAME_TAKEN' })
    await api.ok(202, 'DELETE', `/instances/${id}`)
    await api.until(id, { state: 'DESTROYED' })
    await create()
  })

  it('says that a node does not exist, and that a port is held', async () => {
    expect(await refused({ placement: { node: 'nope' } })).toMatchObject({
      status: 422,
      code: 'NODE_UNKNOWN',
      issues: [{ path: 'placement.node' }],
    })
    const { node } = await api.join('one')
    const first = await create({ ports: [{ name: 'game', protocol: 'udp', host: 30_000 }] })
    await api.until(first.id, { state: 'RUNNING' })
    const ports = [
      { name: 'rcon', protocol: 'tcp', container: 7000 },
      { name: 'game', protocol: 'udp', host: 30_000 },
    ]
    expect(await refused({ name: 'other', ports, placement: { node: node.id } })).toMatchObject({
      status: 422,
      code: 'PORT_UNAVAILABLE',
      issues: [{ path: 'ports[1].host' }],
    })
    const clash = [
      { name: 'a', protocol: 'tcp', host: 9 },
      { name: 'b', protocol: 'tcp', host: 9 },
    ]
    expect(await refused({ name: 'other', ports: clash })).toMatchObject({
      status: 422,
      code: 'PORT_UNAVAILABLE',
      issues: [{ path: 'ports[1].host' }],
    })
    const hidden = [{ name: 'game', protocol: 'udp', expose: 'none' }]
    expect(await refused({ name: 'other', ports: hidden })).toMatchObject({
      status: 400,
      code: 'VALIDATION_FAILED',
      issues: [{ path: 'ports[0].container' }],
    })
  })

  it('refuses fields that nobody knows', async () => {
    expect(await refused({ colour: 'red' })).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' })
    expect((await api.call('GET', '/instances?state=SLEEPING')).status).toBe(400)
  })
})

describe('secrets', () => {
  it('reach the node and nothing else', async () => {
    const told: unknown[] = []
    const { publish } = api.brain.panel
    api.brain.panel.publish = (...news) => {
      told.push(news)
      publish(...news)
    }
    const { agent } = await api.join('one')
    const { id, variables } = await create({ variables: { KEY: SECRET, MOTD: 'hi' } })
    expect(variables).toEqual({ KEY: '••••••', MOTD: 'hi' })
    await api.until(id, { state: 'RUNNING' })
    expect(prepared(agent)[0]?.spec.variables).toMatchObject({ KEY: SECRET, MOTD: 'hi' })

    const patched = await api.ok<Instance>(200, 'PATCH', `/instances/${id}`, {
      variables: { KEY: '••••••', MOTD: 'ho' },
    })
    expect(patched.variables).toEqual({ KEY: '••••••', MOTD: 'ho' })
    await post(id, 'restart')
    await api.until(id, { state: 'RUNNING', appliedGeneration: 3 })
    expect(prepared(agent)[1]?.spec.variables).toMatchObject({ KEY: SECRET, MOTD: 'ho' })

    const everything = JSON.stringify([
      await api.ok(200, 'GET', `/instances/${id}`),
      await api.ok(200, 'GET', '/instances'),
      await api.events(id),
      await api.ok(200, 'GET', '/audit'),
      told,
    ])
    expect(told.length).toBeGreaterThan(5)
    expect(everything).not.toContain(SECRET)
  })

  it('are hidden in what servers print and in what people type', async () => {
    const { agent } = await api.join('one')
    const { id } = await create({ variables: { KEY: SECRET } })
    await api.until(id, { state: 'RUNNING' })
    await api.ok(202, 'POST', `/instances/${id}/input`, { line: `login ${SECRET}!` })
    // The server got what was typed, and it echoes it.
    expect(agent.instances.get(id)?.lines.at(-1)).toBe(`> login ${SECRET}!`)
    expect((await api.call<string>('GET', `/instances/${id}/logs?tail=1`)).body).toBe('> login ••••••!\n')
    const { items } = await api.ok<{ items: { detail: object }[] }>(200, 'GET', '/audit?action=instance.input')
    expect(items).toMatchObject([{ detail: { line: 'login ••••••!' } }])

    const held = agent.instances.get(id)
    if (!held) throw new Error('not there')
    const reason = { code: 'CRASHED', message: `It said: bad ${SECRET}` }
    const seq = held.observation.seq + 1
    held.observation = { ...held.observation, seq, state: 'FAILED', reason, lastLines: [`bad ${SECRET}`] }
    await agent.report()
    expect(await api.instance(id)).toMatchObject({
      reason: { message: 'It said: bad ••••••' },
      lastLines: ['bad ••••••'],
    })
  })

  it('stay secrets when other layers no longer say so', async () => {
    await api.publish('open@1', 'variables: { KEY: {} }\nruntime: { image: none }')
    const { id } = await create()
    const { variables } = await api.ok<Instance>(200, 'PATCH', `/instances/${id}`, { layers: [{ template: 'open' }] })
    expect(variables).toEqual({ KEY: '••••••' })
  })
})

describe('a change', () => {
  it('gives the restart policy back to the layers', async () => {
    const { id, restart } = await create({ restart: { policy: 'always' } })
    expect(restart).toEqual({ policy: 'always' })
    const back = await api.ok<Instance>(200, 'PATCH', `/instances/${id}`, { restart: null })
    expect(back).toMatchObject({ restart: null, generation: 2 })
    const left = await api.ok<Instance>(200, 'PATCH', `/instances/${id}`, { description: 'x' })
    expect(left).toMatchObject({ restart: null, description: 'x', generation: 2 })
  })

  it('of what runs is pending until its next start', async () => {
    await api.join('one')
    const { id } = await create()
    await api.until(id, { state: 'RUNNING' })
    await api.publish('base@2', BASE, '?type=master')
    const ports = [{ name: 'game', protocol: 'udp', host: 30_001 }]
    const patched = await api.ok<Instance>(200, 'PATCH', `/instances/${id}`, { layers: [{ template: 'base' }], ports })
    expect(patched).toMatchObject({
      state: 'RUNNING',
      generation: 2,
      appliedGeneration: 1,
      pending: true,
      layers: [{ version: '2' }],
      address: '127.0.0.1:25000',
    })
    const changed = (await api.events(id)).find(({ kind }) => kind === 'changed')
    expect(changed?.message).toBe('Changed: layers (base@1 → base@2), ports.')
    await post(id, 'restart')
    await api.until(id, { state: 'RUNNING', pending: false, address: '127.0.0.1:30001' })
  })

  it('leaves the ports that were given', async () => {
    await api.join('one')
    const first = await create({ name: 'first' })
    await api.until(first.id, { state: 'RUNNING', address: '127.0.0.1:25000' })
    const second = await create({ name: 'second' })
    await api.until(second.id, { state: 'RUNNING', address: '127.0.0.1:25001' })
    await api.ok(202, 'DELETE', `/instances/${first.id}`)
    await api.until(first.id, { state: 'DESTROYED' })
    const patched = await api.ok<Instance>(200, 'PATCH', `/instances/${second.id}`, { resources: { memoryMb: 300 } })
    expect(patched.ports.map(({ host }) => host)).toEqual([25_001, 25_001])
  })

  it('that is none is no new revision', async () => {
    const { id, revision } = await create()
    await expect.poll(async () => (await api.instance(id)).reason?.code).toBe('NO_NODE_FITS')
    const before = await api.instance(id)
    expect(before.revision).toBeGreaterThanOrEqual(revision)
    const same = await api.ok<Instance>(200, 'PATCH', `/instances/${id}`, {
      name: 'lobby',
      variables: { KEY: SECRET },
      persistent: true,
    })
    expect(same.revision).toBe(before.revision)
  })

  it('names the revision it was made from, or is refused', async () => {
    const { id } = await create()
    await expect.poll(async () => (await api.instance(id)).reason?.code).toBe('NO_NODE_FITS')
    const read = await api.call<Instance>('GET', `/instances/${id}`)
    const etag = read.headers.get('etag') ?? ''
    expect(etag).toBe(`"${read.body.revision}"`)
    const first = await api.call<Instance>('PATCH', `/instances/${id}`, { description: 'mine' }, { 'if-match': etag })
    expect([first.status, first.headers.get('etag')]).toEqual([200, `"${read.body.revision + 1}"`])
    const second = await api.call('PATCH', `/instances/${id}`, { description: 'yours' }, { 'if-match': etag })
    expect([second.status, second.body.code]).toEqual([409, 'REVISION_CONFLICT'])
    expect((await api.call('PATCH', `/instances/${id}`, {}, { 'if-match': 'latest' })).status).toBe(400)
    expect((await api.instance(id)).description).toBe('mine')
  })

  it('is judged as a creation is, and changes nothing when it is refused', async () => {
    const { id } = await create()
    const other = await create({ name: 'other' })
    const refused = async (json: unknown) => (await api.call('PATCH', `/instances/${id}`, json)).body.code
    expect(await refused({ name: 'other' })).toBe('NAME_TAKEN')
    expect(await refused({ layers: [{ template: 'nope' }] })).toBe('UNKNOWN_LAYER')
    expect(await refused({ variables: {} })).toBe('VARIABLES_MISSING')
    expect(await refused({ placement: { node: 'n1' } })).toBe('VALIDATION_FAILED')
    expect((await api.instance(id)).generation).toBe(1)
    expect((await api.instance(other.id)).name).toBe('other')
  })

  it('is in the audit log with old and new values, and no value of a variable', async () => {
    const { id } = await create({ description: 'old' })
    await api.ok(200, 'PATCH', `/instances/${id}`, { description: 'new', variables: { KEY: 'another' } })
    const { items } = await api.ok<{ items: { action: string; actor: { name: string }; detail: unknown }[] }>(
      200,
      'GET',
      '/audit',
    )
    const entry = items.find(({ action }) => action === 'instance.change')
    expect(entry).toMatchObject({
      actor: { name: 'admin' },
      detail: {
        description: 'new',
        variables: { KEY: '••••••' },
        old: { description: 'old', variables: { KEY: '••••••' } },
      },
    })
    expect(JSON.stringify(items)).not.toMatch(/another|correct-horse/)
  })

  it('can say what is wanted', async () => {
    await api.join('one')
    const { id } = await create()
    await api.until(id, { state: 'RUNNING' })
    await api.ok(200, 'PATCH', `/instances/${id}`, { desired: 'stopped' })
    await api.until(id, { state: 'STOPPED' })
    await api.ok(200, 'PATCH', `/instances/${id}`, { desired: 'running', description: 'again' })
    await api.until(id, { state: 'RUNNING', description: 'again' })
  })
})

describe('what a node is told', () => {
  it('has every variable, the built-in ones for the environment, and the ports', async () => {
    const { agent, node } = await api.join('one', { region: 'eu' })
    const { id } = await create({
      environment: 'staging',
      resources: { memoryMb: 1_024 },
      restart: { policy: 'never' },
      persistent: false,
    })
    await api.until(id, { state: 'RUNNING' })
    const [command] = prepared(agent)
    expect(command).toMatchObject({ instanceId: id, generation: 1 })
    expect(command?.spec).toMatchObject({
      name: 'lobby',
      persistent: false,
      allowProcessFallback: false,
      variables: { MOTD: 'Welcome to lobby', KEY: SECRET },
      builtins: {
        INSTANCE_ID: id,
        NODE_NAME: node.name,
        REGION: 'eu',
        ENVIRONMENT: 'staging',
        PUBLIC_HOST: '127.0.0.1',
        PORT: '25000',
        PORT_GAME: '25000',
        PUBLIC_PORT: '25000',
        PORT_RCON: '7000',
        PUBLIC_PORT_RCON: '25000',
        MEMORY_MB: '1024',
      },
      runtime: {
        image: 'busybox',
        command: ['serve', '--port', '25000', '--motd', 'Welcome to lobby'],
        restart: { policy: 'never' },
        resources: { memoryMb: 1_024, cpus: 1 },
      },
    })
    expect(command?.spec.builtins).not.toHaveProperty('KEY')
    expect(command?.spec.layers).toMatchObject([{ template: 'base', version: '1', sizeBytes: expect.any(Number) }])
  })
})

describe('placement', () => {
  it('explains itself without creating anything', async () => {
    const { node } = await api.join('one')
    await api.join('small', { specs: { memoryBytes: 64 * 1024 ** 2 } })
    const input = { name: 'lobby', layers: [{ template: 'base' }], variables: { KEY: SECRET } }
    const answer = await api.ok<PlacementExplanation>(200, 'POST', '/instances?dryRun=true', input)
    expect(answer.chosen).toEqual({ id: node.id, name: 'one' })
    expect(answer.nodes[1]).toMatchObject({
      name: 'small',
      fits: false,
      reasons: [expect.stringMatching(/memory are free; 256/)],
    })
    expect((await api.ok<{ items: Instance[] }>(200, 'GET', '/instances')).items).toEqual([])
    expect((await api.call('POST', '/instances?dryRun=true', { ...input, variables: {} })).body.code).toBe(
      'VARIABLES_MISSING',
    )
    const { items } = await api.ok<{ items: { action: string }[] }>(200, 'GET', '/audit')
    expect(items.map(({ action }) => action)).not.toContain('instance.create')
  })

  it('never gives one port twice, however many are created at once', async () => {
    const { node } = await api.join('one', { specs: { ports: { from: 25_000, to: 25_019 } } })
    const made = await Promise.all(Array.from({ length: 20 }, (_, index) => create({ name: `s${index}` })))
    const placed = await Promise.all(made.map(({ id }) => api.until(id, { state: 'RUNNING' })))
    const given = placed.map(({ ports }) => ports[0]?.host)
    expect(new Set(given).size).toBe(20)
    expect((await api.ok<{ instances: unknown }>(200, 'GET', `/nodes/${node.id}`)).instances).toEqual({
      total: 20,
      running: 20,
    })
    const late = await create({ name: 'late' })
    await expect.poll(async () => (await api.instance(late.id)).reason?.message).toMatch(/No udp port is free/)
    await api.ok(202, 'DELETE', `/instances/${made[0]?.id}`)
    await api.until(late.id, { state: 'RUNNING' })
  })

  it('sets a port aside that a stranger holds, and gives another', async () => {
    const { agent } = await api.join('one')
    const { id } = await create()
    await api.until(id, { state: 'RUNNING' })
    await post(id, 'stop')
    await api.until(id, { state: 'STOPPED' })
    const { observation } = agent.instances.get(id) ?? {}
    if (!observation) throw new Error('not there')
    const takenPort = { protocol: 'udp', host: 25_000, name: 'game' } as const
    await post(id, 'start')
    await api.until(id, { state: 'RUNNING' })
    const told = agent.instances.get(id)
    if (!told) throw new Error('not there')
    told.observation = {
      ...told.observation,
      seq: told.observation.seq + 1,
      state: 'FAILED',
      takenPort,
      reason: { code: 'PORT_TAKEN', message: 'Port 25000/udp is taken.' },
    }
    await agent.report()
    const moved = await api.until(id, { state: 'RUNNING', address: '127.0.0.1:25001', generation: 3 })
    expect(moved.ports[0]).toMatchObject({ host: 25_001, fixed: false })
    expect((await api.events(id)).map(({ cause }) => cause)).toContain('port.replaced')
    const next = await create({ name: 'next' })
    await api.until(next.id, { state: 'RUNNING', address: '127.0.0.1:25002' })
  })

  it('leaves a port that was asked for by number, and fails in words', async () => {
    const { agent } = await api.join('one')
    const { id } = await create({ ports: [{ name: 'game', protocol: 'udp', host: 30_000 }] })
    await api.until(id, { state: 'RUNNING' })
    const told = agent.instances.get(id)
    if (!told) throw new Error('not there')
    const takenPort = { protocol: 'udp', host: 30_000, name: 'game' } as const
    told.observation = {
      ...told.observation,
      seq: told.observation.seq + 1,
      state: 'FAILED',
      takenPort,
      reason: { code: 'PORT_TAKEN', message: 'Port 30000/udp is taken.' },
    }
    await agent.report()
    const failed = await api.until(id, { state: 'FAILED' })
    expect(failed.reason).toMatchObject({ code: 'PORT_TAKEN', message: 'Port 30000/udp is taken.' })
  })
})

describe('console', () => {
  it('takes a line while there is somebody to read it, and gives the last ones back as text', async () => {
    const { agent } = await api.join('one')
    const { id } = await create()
    await api.until(id, { state: 'RUNNING' })
    await api.ok(202, 'POST', `/instances/${id}/input`, { line: 'say hi' })
    const { headers, body } = await api.call<string>('GET', `/instances/${id}/logs?tail=2`)
    expect(headers.get('content-type')).toContain('text/plain')
    expect(body).toBe('Ready\n> say hi\n')
    const { runId } = await api.until(id, { state: 'RUNNING' })
    expect((await api.call<string>('GET', `/instances/${id}/logs?run=${runId}`)).body).toContain('Ready')
    const unknown = await api.call('GET', `/instances/${id}/logs?run=nobody`)
    expect(unknown).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
    expect(unknown.body.detail).toMatch(/no console of a run "nobody".*keeps the last 5/)
    for (const query of ['tail=1e2', 'tail=0', 'tail=']) {
      const odd = await api.call('GET', `/instances/${id}/logs?${query}`)
      expect(odd, query).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } })
    }
    await post(id, 'stop')
    await api.until(id, { state: 'STOPPED' })
    expect((await api.call('POST', `/instances/${id}/input`, { line: 'x' })).body.code).toBe('INSTANCE_NOT_RUNNING')
    await agent.close()
    await expect.poll(async () => (await api.call('GET', `/instances/${id}/logs`)).body.code).toBe('NODE_UNREACHABLE')
  })

  it('is empty for what never ran', async () => {
    const { id } = await create()
    expect((await api.call<string>('GET', `/instances/${id}/logs`)).body).toBe('')
    expect((await api.call('POST', `/instances/${id}/input`, { line: 'x\ny' })).body.code).toBe('VALIDATION_FAILED')
  })
})

describe('lists', () => {
  it('filter by state, node, template and text, page by page', async () => {
    const { node } = await api.join('one')
    await api.publish('races@1')
    const made = []
    for (const name of ['alpha', 'beta', 'gamma_1']) made.push((await create({ name, description: 'of the house' })).id)
    const race = (
      await api.create({
        name: 'race',
        layers: [{ template: 'base' }, { template: 'races' }],
        variables: { KEY: SECRET },
        desired: 'stopped',
      })
    ).id
    for (const id of made) await api.until(id, { state: 'RUNNING' })
    await api.until(race, { state: 'PREPARED' })
    const list = async (query: string) =>
      (await api.ok<{ items: Instance[] }>(200, 'GET', `/instances?${query}`)).items.map(({ name }) => name).sort()
    expect(await list('state=PREPARED')).toEqual(['race'])
    expect(await list('state=PREPARED,RUNNING')).toEqual(['alpha', 'beta', 'gamma_1', 'race'])
    expect(await list(`node=${node.id}&state=RUNNING`)).toHaveLength(3)
    expect(await list('node=nope')).toEqual([])
    expect(await list('template=races')).toEqual(['race'])
    expect(await list('q=A_1')).toEqual(['gamma_1'])
    expect(await list('q=of%20the')).toHaveLength(3)

    const names: string[] = []
    let cursor = ''
    do {
      const page = await api.ok<{ items: Instance[]; nextCursor: string | null }>(
        200,
        'GET',
        `/instances?limit=3${cursor}`,
      )
      expect(page.items.length).toBeLessThanOrEqual(3)
      names.push(...page.items.map(({ name }) => name))
      cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : ''
    } while (cursor)
    expect(names).toEqual(['race', 'gamma_1', 'beta', 'alpha'])
  })

  it('give events page by page, the newest first', async () => {
    await api.join('one')
    const { id } = await create()
    await api.until(id, { state: 'RUNNING' })
    const all = await api.events(id)
    const seen: InstanceEvent[] = []
    let cursor = ''
    do {
      const page = await api.ok<{ items: InstanceEvent[]; nextCursor: string | null }>(
        200,
        'GET',
        `/instances/${id}/events?limit=2${cursor}`,
      )
      seen.push(...page.items)
      cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : ''
    } while (cursor)
    expect(seen).toEqual(all.toReversed())
  })
})
