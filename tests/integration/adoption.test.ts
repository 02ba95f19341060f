import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Instance } from '../../shared/schemas/instance'
import type { Node } from '../../shared/schemas/node'
import { removeFromDocker } from '../e2e/game-house'
import { file, tar } from '../factories/tar'
import { freePort, openStrata } from '../support/strata'
import type { Strata } from '../support/strata'
import { waitFor } from '../support/wait-for'

const TEMPLATE = tar(
  file(
    'strata.yaml',
    JSON.stringify({
      type: 'master',
      variables: { WORLD: { default: 'plain' }, KEY: { secret: true, required: true } },
      runtime: {
        image: 'strata-test/busybox:1',
        command: ['sh', '-c', 'cat world.txt; echo mine > own.txt; echo up; while :; do sleep 0.2; done'],
        ports: [{ name: 'game', protocol: 'tcp', container: 7000 }],
        ready: { log: 'up' },
        stop: { graceSeconds: 1 },
      },
    }),
  ),
  file('world.txt', 'world ${WORLD}'),
)

let strata: Strata
let id = ''
beforeAll(async () => {
  strata = await openStrata()
})
afterAll(async () => {
  if (id) removeFromDocker(id)
  await strata.close()
})

/** The whole accident, with the real programs and a real container. */
it('a server made after the backup is found again, taken over while it runs, and owned like any other', async () => {
  let brain = await strata.startBrain()
  const api = await strata.signIn()
  const made = await api.expectStatus(201, 'POST', '/nodes', { name: 'cellar' })
  const nodeId = (made.body.node as Node).id
  const first = await freePort()
  const agent = strata.startAgent('cellar', {
    STRATA_JOIN_TOKEN: String(made.body.joinToken),
    STRATA_NODE_PORTS: `${first}-${first + 5}`,
    STRATA_NODE_ADDRESS: '127.0.0.1',
  })
  await api.expectStatus(201, 'PUT', '/templates/base/versions/1', TEMPLATE)
  await waitFor('the node', async () => {
    const { body } = await api.expectStatus(200, 'GET', `/nodes/${nodeId}`)
    return (body as unknown as Node).contact === 'online'
  })

  const backup = join(strata.folder, 'yesterday.db')
  const data = join(strata.folder, 'brain')
  const live = new Database(join(data, 'strata.db'))
  live.exec(`VACUUM INTO '${backup}'`)
  live.close()
  const created = await api.expectStatus(201, 'POST', '/instances', {
    name: 'lobby',
    layers: [{ template: 'base' }],
    variables: { WORLD: 'moon', KEY: 'hunter22' },
    resources: { memoryMb: 64 },
  })
  id = String(created.body.id)
  const before = await running(api)

  await brain.end('SIGKILL')
  for (const end of ['', '-wal', '-shm']) rmSync(join(data, `strata.db${end}`), { force: true })
  cpSync(backup, join(data, 'strata.db'))
  brain = await strata.startBrain()
  const again = await strata.signIn()
  const found = await waitFor('the find', async () => {
    const { body } = await again.expectStatus(200, 'GET', `/nodes/${nodeId}`)
    return (body as unknown as Node).found[0]
  })
  expect(found).toEqual({ instanceId: id, name: 'lobby', state: 'RUNNING' })

  await again.expectStatus(201, 'POST', `/nodes/${nodeId}/adopt`, { instanceId: id })
  const taken = await running(again)
  expect(taken).toMatchObject({
    runId: before.runId,
    startedAt: before.startedAt,
    ports: before.ports,
    address: before.address,
    variables: { WORLD: 'moon', KEY: '••••••' },
    layers: before.layers,
    pending: false,
  })
  await again.expectStatus(202, 'POST', `/instances/${id}/restart`)
  const restarted = await waitFor('its next run', async () => {
    const seen = await running(again)
    return seen.runId === before.runId ? undefined : seen
  })
  expect(restarted.ports).toEqual(before.ports)
  await again.expectStatus(202, 'DELETE', `/instances/${id}`)
  await again.state(id, 'DESTROYED')
  await agent.end('SIGTERM')
}, 120_000)

async function running(api: Awaited<ReturnType<Strata['signIn']>>): Promise<Instance> {
  await api.state(id, 'RUNNING')
  return (await api.expectStatus(200, 'GET', `/instances/${id}`)).body as unknown as Instance
}
