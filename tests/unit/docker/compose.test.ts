import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { AGENT_SETTING_NAMES } from '../../../agent/config'
import { BRAIN_SETTING_NAMES } from '../../../server/brain/settings'
import packageJson from '../../../package.json' with { type: 'json' }

const root = join(import.meta.dirname, '..', '..', '..')
const service = z.object({
  image: z.string(),
  build: z.object({ target: z.string() }).optional(),
  volumes: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string().nullable()).default({}),
})
const { services } = z
  .object({ services: z.record(z.string(), service) })
  .parse(parse(readFileSync(join(root, 'compose.yaml'), 'utf8')))
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')

it('names our images by the version they are of, and builds targets that the Dockerfile has', () => {
  const ours = Object.values(services).filter(({ build }) => build)
  expect(ours.map(({ image }) => image).sort()).toEqual([
    `strata-agent:${packageJson.version}`,
    `strata-brain:${packageJson.version}`,
  ])
  for (const { build } of ours) expect(dockerfile).toContain(`AS ${build?.target}\n`)
})

it('gives the agent its data folder under the path that it has on the host', () => {
  const folder = '${STRATA_NODE_DATA_DIR:-/var/lib/strata}'
  expect(services.agent?.volumes).toContain(`${folder}:${folder}`)
  expect(dockerfile).toContain('STRATA_NODE_DATA_DIR=/var/lib/strata')
})

it.each([
  // What the image says itself, and what only `npm start` asks for.
  ['brain', BRAIN_SETTING_NAMES, /^STRATA_(?:HOST|PORT|LOOPBACK_PORT|DATA_DIR|LAUNCHER|EXAMPLE|LOCAL_NODE)$/],
  // Docker keeps the log of a container; the engine is the one whose socket is mounted.
  ['agent', AGENT_SETTING_NAMES, /^(?:STRATA_RUNTIME|STRATA_LOG_FILE.*|DOCKER_HOST)$/],
])('passes every setting on to the %s', (name, settings, otherwise) => {
  const passed = Object.keys(services[name]?.environment ?? {})
  expect(passed.sort()).toEqual(settings.filter(setting => !otherwise.test(setting)).sort())
})

it('leaves out what nobody said: an address of the store contradicts what a brain without one has stored', () => {
  expect(services.brain?.environment.STRATA_STORE).toBeNull()
})
