import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nitroSettings } from '../../../scripts/brain-settings.mjs'
import { agentEnvironment, brainEnvironment, localPaths } from '../../../scripts/local-strata.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'strata-local-'))
  chmodSync(folder, 0o755)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

const asUser = (uid: number) => vi.spyOn(process, 'getuid').mockReturnValue(uid)

test('the local node lives in the data folder when servers can reach it', () => {
  asUser(0)
  expect(localPaths({ STRATA_DATA_DIR: join(folder, 'data') }).nodeDir).toBe(join(folder, 'data', 'node'))
})

test('below a private folder root’s node lives elsewhere, one place per data folder', () => {
  asUser(0)
  mkdirSync(join(folder, 'private'), { mode: 0o700 })
  const places = ['a', 'b', 'a'].map(name => localPaths({ STRATA_DATA_DIR: join(folder, 'private', name) }).nodeDir)
  expect(places[0]).toMatch(/^\/var\/lib\/strata\/local-[0-9a-f]{8}$/)
  expect(places[2]).toBe(places[0])
  expect(places[1]).not.toBe(places[0])
})

test('without root servers are the same user, and nothing moves', () => {
  asUser(1000)
  mkdirSync(join(folder, 'private'), { mode: 0o700 })
  expect(localPaths({ STRATA_DATA_DIR: join(folder, 'private') }).nodeDir).toBe(join(folder, 'private', 'node'))
})

test('the agent gets nothing that only the brain may know', () => {
  const env = agentEnvironment(
    { brainUrl: 'http://127.0.0.1:3000', joinToken: 'join' },
    {
      PATH: '/bin',
      DOCKER_HOST: 'unix:///run/docker.sock',
      STRATA_DATA_DIR: folder,
      STRATA_ADMIN_PASSWORD: 'secret',
      STRATA_S3_SECRET_ACCESS_KEY: 'secret',
      STRATA_LOG_LEVEL: 'trace',
      STRATA_NODE_REGION: 'eu',
    },
  )
  expect(env).toEqual({
    PATH: '/bin',
    DOCKER_HOST: 'unix:///run/docker.sock',
    STRATA_NODE_REGION: 'eu',
    STRATA_NODE_NAME: 'local',
    STRATA_NODE_DATA_DIR: join(folder, 'node'),
    STRATA_ALLOW_HTTP: 'on',
    STRATA_BRAIN_URL: 'http://127.0.0.1:3000',
    STRATA_JOIN_TOKEN: 'join',
  })
})

test('an agent that has joined gets no token', () => {
  expect(agentEnvironment({ brainUrl: 'http://127.0.0.1:3000', joinToken: null }, {})).not.toHaveProperty(
    'STRATA_JOIN_TOKEN',
  )
})

test('the brain knows that a launcher listens, and where its data is whatever folder it runs in', () => {
  expect(brainEnvironment({ STRATA_DATA_DIR: folder })).toEqual({ STRATA_DATA_DIR: folder, STRATA_LAUNCHER: '1' })
})

test('Nitro listens where the brain’s settings say; an empty one counts as not set', () => {
  expect(nitroSettings({ STRATA_HOST: '', STRATA_PORT: '' })).toEqual({ NITRO_HOST: '127.0.0.1', NITRO_PORT: '3000' })
  expect(nitroSettings({ STRATA_HOST: '0.0.0.0', STRATA_PORT: '8080' })).toEqual({
    NITRO_HOST: '0.0.0.0',
    NITRO_PORT: '8080',
  })
})
