import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { file, tar } from '../factories/tar'
import type { ApiClient } from '../support/api-client'
import { askLuanti } from '../support/luanti'
import { askOpenTtd } from '../support/openttd'
import { openStrata } from '../support/strata'
import type { Strata } from '../support/strata'
import { askTeeworlds } from '../support/teeworlds'
import { waitFor } from '../support/wait-for'

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples')
const FIRST_PORT = 32_100 + (process.pid % 60) * 10
/** 1 January 1950 as OpenTTD counts days. */
const YEAR_1950 = 712_223

describe('the templates of real games, on real servers from Debian', () => {
  let strata: Strata
  let api: ApiClient
  const made: string[] = []

  beforeAll(async () => {
    strata = await openStrata()
    await strata.startBrain()
    api = await strata.signIn()
    const { body } = await api.expectStatus(201, 'POST', '/nodes', { name: 'games' })
    strata.startAgent('games', {
      STRATA_JOIN_TOKEN: String(body.joinToken),
      STRATA_NODE_PORTS: `${FIRST_PORT}-${FIRST_PORT + 9}`,
      STRATA_NODE_ADDRESS: '127.0.0.1',
    })
    for (const game of ['teeworlds', 'luanti', 'openttd']) {
      // The images of the tests hold the packages that the game's own Dockerfile installs.
      const image = tar(
        file('strata.yaml', JSON.stringify({ type: 'custom', runtime: { image: `strata-test/${game}:1` } })),
      )
      await api.expectStatus(201, 'PUT', `/templates/${game}-image/versions/1`, image)
    }
  }, 90_000)
  afterAll(async () => {
    for (const id of made) await api.call('DELETE', `/instances/${id}`)
    for (const id of made) await api.state(id, 'DESTROYED')
    await strata.close()
  }, 90_000)

  /** Packs the example's layers by plain `tar` as its README does, and makes a server from them. */
  async function play(game: string, layers: string[], variables: Record<string, string>) {
    for (const layer of layers) {
      const archive = execFileSync('tar', ['-czf', '-', '-C', join(EXAMPLES, game, layer), '.'])
      await api.expectStatus(201, 'PUT', `/templates/${layer}/versions/1`, archive)
    }
    const { body } = await api.expectStatus(201, 'POST', '/instances', {
      name: `${game}-night`,
      layers: [...layers, `${game}-image`].map(template => ({ template })),
      variables,
    })
    const id = String(body.id)
    made.push(id)
    await api.state(id, 'RUNNING')
    return { id, port: await publicPort(id) }
  }

  async function publicPort(id: string): Promise<number> {
    const { body } = await api.expectStatus(200, 'GET', `/instances/${id}`)
    return Number(String(body.address).split(':').at(-1))
  }

  it('Teeworlds says its name, map and game over UDP, as the gamemode above the base has them', async () => {
    const { port } = await play('teeworlds', ['teeworlds-base', 'teeworlds-ctf'], {})
    const answer = await askTeeworlds('127.0.0.1', port)
    expect(answer).toMatchObject({ name: 'teeworlds-night', map: 'ctf1', gameType: 'CTF' })
  }, 60_000)

  it('Luanti greets a player over UDP, and stops by itself with its world saved', async () => {
    const { id, port } = await play('luanti', ['luanti-base', 'luanti-creative'], { OWNER: 'ada' })
    expect((await askLuanti('127.0.0.1', port, 'ada')).protocol).toBeGreaterThanOrEqual(37)
    await api.expectStatus(202, 'POST', `/instances/${id}/stop`)
    await api.state(id, 'STOPPED')
    const { body } = await api.expectStatus(200, 'GET', `/instances/${id}`)
    // Neither killed for being slow nor crashed: there is nothing to explain.
    expect(body.reason).toBeNull()
    await api.expectStatus(202, 'POST', `/instances/${id}/start`)
    await api.state(id, 'RUNNING')
    expect((await askLuanti('127.0.0.1', await publicPort(id), 'ada')).serialization).toBeGreaterThan(0)
  }, 90_000)

  it('OpenTTD says what it plays over TCP, and goes on with the same game after a stop', async () => {
    const { id, port } = await play('openttd', ['openttd-base'], { MAX_PLAYERS: '7' })
    const first = await askOpenTtd('127.0.0.1', port)
    expect(first).toMatchObject({ name: 'openttd-night', startDate: YEAR_1950, maxClients: 7, isDedicated: true })
    const later = await waitFor('a few days to pass in the game', async () => {
      const now = await askOpenTtd('127.0.0.1', port)
      return now.date >= YEAR_1950 + 3 && now
    })
    await api.expectStatus(202, 'POST', `/instances/${id}/stop`)
    await api.state(id, 'STOPPED')
    await api.expectStatus(202, 'POST', `/instances/${id}/start`)
    await api.state(id, 'RUNNING')
    const again = await askOpenTtd('127.0.0.1', await publicPort(id))
    expect(again.date).toBeGreaterThanOrEqual(later.date)
    expect(again.startDate).toBe(YEAR_1950)
  }, 120_000)
})
