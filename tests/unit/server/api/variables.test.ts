import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BrainToAgent } from '../../../../shared/protocol/agent'
import type { AuditEntry } from '../../../../shared/schemas/event'
import type { Instance } from '../../../../shared/schemas/instance'
import type { EffectiveVariable, ScopeVariable } from '../../../../shared/schemas/scope-variable'
import type { StackPreview } from '../../../../shared/schemas/stack'
import { startFleetApi } from '../../../support/fleet-api'
import type { FleetApi } from '../../../support/fleet-api'

const BASE = `
variables:
  MOTD: { default: "Welcome" }
  KEY: { required: true }
  LEVEL: { pattern: "[0-9]+" }
runtime: { image: busybox, command: [serve, "\${MOTD}"] }
`
const SECRET = 'correct-horse-battery'

let api: FleetApi
beforeEach(async () => {
  api = await startFleetApi()
  await api.publish('base@1', BASE, '?type=master')
})
afterEach(() => api.close())

const put = (place: string, value: string, secret?: boolean) =>
  api.ok<ScopeVariable>(200, 'PUT', `/variables/${place}`, { value, ...(secret === undefined ? {} : { secret }) })
const variablesOf = async (id: string) =>
  (await api.ok<{ items: EffectiveVariable[] }>(200, 'GET', `/instances/${id}/variables`)).items
const variableOf = async (id: string, name: string) => (await variablesOf(id)).find(item => item.name === name)
const lastPrepared = (agent: { received: { name: string; payload: unknown }[] }) =>
  (agent.received.findLast(({ name }) => name === 'instance.prepare')?.payload as BrainToAgent['instance.prepare']).spec

describe('variables by scope', () => {
  it('reach a server from network, region and node; the nearest wins, and what the server itself is given wins over all', async () => {
    const { node, agent } = await api.join('one', { region: 'north' })
    await put('network/all/KEY', 'of the network')
    await put('network/all/MOTD', 'network')
    await put('region/north/MOTD', 'region')
    await put('region/south/MOTD', 'another region')
    await put(`node/${node.id}/MOTD`, 'node')

    const { id } = await api.create()
    await api.until(id, { state: 'RUNNING' })
    expect(lastPrepared(agent).variables).toMatchObject({ MOTD: 'node', KEY: 'of the network' })
    expect(await variableOf(id, 'MOTD')).toEqual({
      name: 'MOTD',
      value: 'node',
      secret: false,
      origin: 'node',
      originId: node.id,
      hides: [
        { origin: 'region', originId: 'north', value: 'region' },
        { origin: 'network', originId: null, value: 'network' },
        { origin: 'template', originId: 'base@1', value: 'Welcome' },
      ],
      pending: false,
    })

    await api.ok(204, 'DELETE', `/variables/node/${node.id}/MOTD`)
    expect(await variableOf(id, 'MOTD')).toMatchObject({ value: 'region', origin: 'region', pending: true })
    await api.ok<Instance>(202, 'POST', `/instances/${id}/restart`)
    await api.until(id, { state: 'RUNNING', pending: false })
    await expect.poll(() => lastPrepared(agent).variables.MOTD).toBe('region')
    await expect.poll(async () => (await variableOf(id, 'MOTD'))?.pending).toBe(false)

    await api.ok(200, 'PATCH', `/instances/${id}`, { variables: { MOTD: 'mine' } }, await ifMatch(id))
    expect(await variableOf(id, 'MOTD')).toMatchObject({
      value: 'mine',
      origin: 'instance',
      hides: [{ origin: 'region' }, { origin: 'network' }, { origin: 'template' }],
    })
  })

  it('hides a secret everywhere: in lists, answers, audit and the console', async () => {
    const { agent } = await api.join('one')
    expect(await put('network/all/KEY', SECRET, true)).toMatchObject({ value: '••••••', secret: true })
    const { id } = await api.create()
    await api.until(id, { state: 'RUNNING' })
    expect(lastPrepared(agent).variables.KEY).toBe(SECRET)
    expect(await variableOf(id, 'KEY')).toMatchObject({ value: '••••••', secret: true, origin: 'network' })

    // As it was shown, it keeps its value; and a secret it stays.
    expect(await put('network/all/KEY', '••••••', false)).toMatchObject({ secret: true })
    await api.ok<Instance>(202, 'POST', `/instances/${id}/input`, { line: `login ${SECRET}` })
    const told = JSON.stringify([
      await api.ok(200, 'GET', '/variables'),
      await variablesOf(id),
      await api.ok<{ items: AuditEntry[] }>(200, 'GET', '/audit'),
      await api.ok(200, 'GET', `/instances/${id}/events`),
    ])
    expect(told).toContain('login ••••••')
    expect(told).not.toContain(SECRET)
  })

  it('hides it also where a server is given its own value, and in the defaults that hold it', async () => {
    await api.publish('site@1', 'variables: { DB_URL: { default: "sql://me:${KEY}@db" } }', '?type=map')
    const { node } = await api.join('one', { region: 'north' })
    await put('network/all/KEY', SECRET, true)
    await put(`node/${node.id}/KEY`, 'nearer-and-not-said-to-be-one')
    const { id } = await api.create({ layers: [{ template: 'base' }, { template: 'site' }] })
    await api.until(id, { state: 'RUNNING' })
    expect(await variableOf(id, 'DB_URL')).toMatchObject({ value: '••••••', secret: true })

    const own = { variables: { KEY: 'of-its-own' } }
    const patched = await api.ok<Instance>(200, 'PATCH', `/instances/${id}`, own, await ifMatch(id))
    expect(patched.variables).toEqual({ KEY: '••••••' })
    const placement = { node: node.id }
    const preview = await api.ok(200, 'POST', '/stacks/preview', { layers: [{ template: 'base' }], placement })
    const told = JSON.stringify([await variablesOf(id), await api.ok(200, 'GET', `/instances/${id}`), preview])
    expect(told).not.toMatch(new RegExp(`${SECRET}|nearer-and|of-its-own`))
    await api.ok<Instance>(200, 'PATCH', `/instances/${id}`, { variables: patched.variables }, await ifMatch(id))
  })

  it('refuses what no server could use, in words', async () => {
    const refused = async (place: string, body: unknown) => {
      const { status, body: problem } = await api.call('PUT', `/variables/${place}`, body)
      return [status, problem.code]
    }
    expect(await refused('node/nobody/MOTD', { value: 'x' })).toEqual([404, 'NOT_FOUND'])
    expect(await refused('network/all/PORT', { value: '1' })).toEqual([400, 'VALIDATION_FAILED'])
    expect(await refused('network/other/MOTD', { value: '1' })).toEqual([400, 'VALIDATION_FAILED'])
    expect(await refused('group/all/MOTD', { value: '1' })).toEqual([400, 'VALIDATION_FAILED'])
    expect(await refused('network/all/MOTD', { value: '••••••' })).toEqual([422, 'VARIABLE_INVALID'])
    expect((await api.call('DELETE', '/variables/network/all/MOTD')).status).toBe(404)

    const missing = await api.call('POST', '/instances', { name: 'a', layers: [{ template: 'base' }] })
    expect([missing.status, missing.body.code]).toEqual([422, 'VARIABLES_MISSING'])
    await put('network/all/KEY', 'k')
    await put('network/all/LEVEL', 'high')
    const wrong = await api.call('POST', '/instances', { name: 'a', layers: [{ template: 'base' }] })
    expect([wrong.status, wrong.body.code]).toEqual([422, 'VARIABLE_INVALID'])
    expect(wrong.body.detail).toContain('LEVEL (the network has a value)')
  })

  it('counts in a preview, for where the server would be', async () => {
    await put('network/all/KEY', 'k')
    await put('region/north/MOTD', 'up here', true)
    await put('network/all/OTHER', 'of no layer')
    const preview = (placement?: object) =>
      api.ok<StackPreview>(200, 'POST', '/stacks/preview', { layers: [{ template: 'base' }], ...placement })
    const there = await preview({ placement: { region: 'north' } })
    expect(
      there.variables.filter(({ inherited }) => inherited).map(({ name, inherited }) => [name, inherited]),
    ).toEqual([
      ['KEY', { scope: 'network', id: 'all', value: 'k' }],
      ['MOTD', { scope: 'region', id: 'north', value: '••••••' }],
    ])
    expect(there.variables.some(({ missing }) => missing)).toBe(false)
    expect(there.conflicts).toEqual([])
    expect((await preview()).variables.find(({ name }) => name === 'MOTD')?.inherited).toBeNull()
  })

  it('go with their node', async () => {
    const { node, agent } = await api.join('one')
    await put(`node/${node.id}/MOTD`, 'node')
    await agent.close()
    await api.ok(204, 'DELETE', `/nodes/${node.id}`)
    expect((await api.ok<{ items: ScopeVariable[] }>(200, 'GET', '/variables')).items).toEqual([])
  })
})

async function ifMatch(id: string): Promise<Record<string, string>> {
  const { headers } = await api.call('GET', `/instances/${id}`)
  return { 'if-match': headers.get('etag') ?? '' }
}
