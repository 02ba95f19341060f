import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, openStrata } from '../support/strata'
import type { Strata } from '../support/strata'
import { packTeeworlds } from './teeworlds-layers'

const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' }).trim()

/** What the node's engine holds of a server, whatever state it is in: names of containers and volumes. */
export function heldByDocker(instanceId: string): string[] {
  const filter = ['--filter', `name=strata-${instanceId}`]
  const containers = docker('ps', '-a', ...filter, '--format', '{{.Names}}')
  return `${containers}\n${docker('volume', 'ls', '-q', ...filter)}`.split('\n').filter(Boolean)
}

/** The accident: somebody or something kills the server's container. */
export const killContainer = (instanceId: string) => docker('kill', ...containersOf(instanceId))

/** For the end of a test that failed half-way: nothing of it stays on the engine. */
export function removeFromDocker(instanceId: string): void {
  for (const container of containersOf(instanceId)) docker('rm', '-fv', container)
  for (const volume of heldByDocker(instanceId)) docker('volume', 'rm', '-f', volume)
}

const containersOf = (instanceId: string) =>
  docker('ps', '-aq', '--filter', `name=strata-${instanceId}`).split('\n').filter(Boolean)

/** The settings a machine of the tests joins with, in a shell or as a program; ports that nobody else has. */
export async function nodeSettings(strata: Strata, name: string) {
  const first = Math.min(await freePort(), 65_500)
  return {
    DOCKER_HOST: process.env.DOCKER_HOST ?? '',
    STRATA_NODE_DATA_DIR: join(strata.folder, 'nodes', name),
    STRATA_NODE_PORTS: `${first}-${first + 20}`,
    STRATA_NODE_ADDRESS: '127.0.0.1',
  }
}

/** A Strata with one node that has joined, made over the API. */
export async function openHouse(node: string) {
  const strata = await openStrata()
  let brain = await strata.startBrain()
  const api = await strata.signIn()
  const made = await api.expectStatus(201, 'POST', '/nodes', { name: node })
  const settings = await nodeSettings(strata, node)
  let agent = strata.startAgent(node, { ...settings, STRATA_JOIN_TOKEN: String(made.body.joinToken) })
  const ids: string[] = []

  return {
    strata,
    api,
    /** Returns the id of the new server. */
    async create(body: { name: string } & Record<string, unknown>): Promise<string> {
      const id = String((await api.expectStatus(201, 'POST', '/instances', body)).body.id)
      ids.push(id)
      return id
    },
    killBrain: () => brain.end('SIGKILL'),
    startBrain: async () => void (brain = await strata.startBrain()),
    killAgent: () => agent.end('SIGKILL'),
    startAgent: () => void (agent = strata.startAgent(node, settings)),
    async close() {
      await agent.end('SIGKILL')
      for (const id of ids) removeFromDocker(id)
      await strata.close()
    },
  }
}
export type House = Awaited<ReturnType<typeof openHouse>>

/** A house in which a real game server runs already. */
export async function openGameHouse(server: { node: string; name: string }) {
  const house = await openHouse(server.node)
  const archives = packTeeworlds(house.strata.folder)
  const layers = { 'tw-base': archives.base, 'tw-ctf': archives.gamemode, 'tw-map': archives.map }
  for (const [id, path] of Object.entries(layers))
    await house.api.expectStatus(201, 'PUT', `/templates/${id}/versions/1.0.0`, readFileSync(path))
  const id = await house.create({
    name: server.name,
    layers: Object.keys(layers).map(template => ({ template })),
    variables: { RCON_PASSWORD: 'sesame-9f3' },
  })
  await house.api.state(id, 'RUNNING')
  return { ...house, id }
}
export type GameHouse = Awaited<ReturnType<typeof openGameHouse>>
