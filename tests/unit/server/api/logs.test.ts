import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLog } from '../../../../server/brain/log'
import { startFleetApi } from '../../../support/fleet-api'
import type { FleetApi } from '../../../support/fleet-api'
import { waitFor } from '../../../support/wait-for'

const SENTINEL = 'hush-4711-hush'
const written: string[] = []
const lines = () => written.map(line => JSON.parse(line) as Record<string, unknown>)

let api: FleetApi
beforeAll(async () => {
  api = await startFleetApi({ parts: { log: createLog('debug', { write: line => void written.push(line) }) } })
  await api.publish('base@1', 'variables: { ADMIN_TOKEN: { secret: true } }\nruntime: { image: none }')
})
afterAll(() => api.close())

it('leads from a request to its commands, by the ids that an agent logs, and tells no secret', async () => {
  const { node, agent } = await api.join('n1', { heartbeatMs: 50 })
  const { id } = await api.create({ variables: { ADMIN_TOKEN: SENTINEL }, desired: 'stopped' })
  await api.until(id, { state: 'PREPARED' })
  const headers = { 'x-request-id': 'wish-1' }
  await api.ok(202, 'POST', `/instances/${id}/start`, undefined, headers)
  await api.until(id, { state: 'RUNNING' })
  await api.call('POST', `/instances/${id}/input`, { line: `op ${SENTINEL}` })
  await api.call('POST', '/auth/login', { username: 'admin', password: SENTINEL })
  const request = await waitFor('the request', () =>
    lines().find(one => one.requestId === 'wish-1' && one.msg === 'Request'),
  )
  expect(request).toMatchObject({
    level: 30,
    method: 'POST',
    route: '/api/v1/instances/:id/start',
    subject: id,
    status: 202,
    ms: expect.any(Number) as number,
    actor: expect.stringMatching(/^user:/) as string,
  })
  const commands = lines().filter(one => one.requestId === 'wish-1' && one.commandId)
  expect(commands.map(one => one.command)).toContain('start')
  for (const command of commands) {
    expect(command).toMatchObject({ instanceId: id, nodeId: node.id })
    expect(agent.received.map(({ payload }) => (payload as { commandId?: string }).commandId)).toContain(
      command.commandId,
    )
  }
  const states = lines().filter(one => one.requestId === 'wish-1' && one.msg === 'A server changed its state')
  expect(states.map(one => one.state)).toContain('RUNNING')
  await api.ok(202, 'DELETE', `/instances/${id}`, undefined, { 'x-request-id': 'wish-2' })
  const ending = await waitFor('the destruction', () => lines().find(one => one.command === 'destroy'))
  expect(ending).toMatchObject({ requestId: 'wish-2', instanceId: id })
  expect(written.join('')).not.toContain(SENTINEL)
})
