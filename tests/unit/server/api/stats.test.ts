import { afterAll, beforeAll, expect, it } from 'vitest'
import type { FleetLoad, InstanceStats, NodeStats } from '../../../../shared/schemas/usage'
import { startFleetApi } from '../../../support/fleet-api'
import type { FleetApi } from '../../../support/fleet-api'
import { waitFor } from '../../../support/wait-for'

let api: FleetApi
beforeAll(async () => {
  api = await startFleetApi()
  await api.publish('base@1')
})
afterAll(() => api.close())

it('knows what servers and machines use from heartbeats alone, without anybody watching', async () => {
  const { node, agent } = await api.join('n1', { heartbeatMs: 50 })
  const { id } = await api.create({ name: 'measured' })
  await api.until(id, { state: 'RUNNING' })
  const loads = await waitFor('a rate', async () => {
    const answer = await api.ok<FleetLoad>(200, 'GET', `/stats/instances?ids=${id},nobody`)
    return answer.items[0]?.load?.cpu ? answer : undefined
  })
  expect(loads.items).toHaveLength(1)
  expect(loads.items[0]?.load).toMatchObject({ memoryBytes: 256 * 1024 ** 2 })
  expect(loads.items[0]?.load?.cpu).toBeCloseTo(0.5, 0)
  expect(loads.items[0]?.ownFiles).toMatchObject({ bytes: 40 * 1024 ** 2, files: 12 })

  const stats = await api.ok<InstanceStats>(200, 'GET', `/instances/${id}/stats`)
  expect(stats.points.at(-1)).toMatchObject({ memoryBytes: 256 * 1024 ** 2 })
  const machine = await api.ok<NodeStats>(200, 'GET', `/nodes/${node.id}/stats`)
  expect(machine.points.at(-1)).toMatchObject({ memoryUsedBytes: 4 * 1024 ** 3 })

  // Another node's server: nothing is taken of it, and the node stays heard.
  const { agent: liar } = await api.join('liar', { heartbeatMs: 3_600_000 })
  const usage = {
    at: Date.now(),
    cpuSeconds: 1e6,
    memoryBytes: 1,
    networkRxBytes: null,
    networkTxBytes: null,
    diskReadBytes: null,
    diskWriteBytes: null,
  }
  await agent.close()
  const { load, engine } = { load: node.load!, engine: node.specs!.engine }
  const beat = { load, engine, watched: 0, instances: [{ instanceId: id, runId: 'lie', usage, ownFiles: null }] }
  expect(await liar.say('node.heartbeat', beat)).toMatchObject({ ok: true })
  const after = await api.ok<FleetLoad>(200, 'GET', `/stats/instances?ids=${id}`)
  expect(after.items[0]?.load?.memoryBytes).toBe(256 * 1024 ** 2)
})

it('says 404 for what does not exist, and 400 for more ids than a page has', async () => {
  expect((await api.call('GET', '/instances/nobody/stats')).status).toBe(404)
  expect((await api.call('GET', '/nodes/nobody/stats')).status).toBe(404)
  const many = Array.from({ length: 201 }, (_, at) => `i-${at}`).join(',')
  expect((await api.call('GET', `/stats/instances?ids=${many}`)).status).toBe(400)
})
