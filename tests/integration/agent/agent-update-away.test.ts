import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { isBrainThere } from '../../../agent/program/is-brain-there'
import { keepAgent } from '../../../agent/program/keep-agent'
import { programFiles, readFailure, sha256OfFile } from '../../../agent/program/program-files'
import type { Node } from '../../../shared/schemas/node'
import { buildAgent } from '../../support/agent-bundle'
import { startFleetApi } from '../../support/fleet-api'
import type { FleetApi } from '../../support/fleet-api'
import { waitFor } from '../../support/wait-for'

let folder: string
let api: FleetApi
let way: Awaited<ReturnType<typeof openWay>>
let keeper: ReturnType<typeof keepAgent> | undefined

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'strata-away-'))
  api = await startFleetApi()
  way = await openWay(api.url)
})
afterEach(async () => {
  keeper?.stop()
  await keeper?.ended
  await way.close()
  await api.close()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

/** The way from a node to the brain, which can be cut. */
async function openWay(to: URL) {
  const open = new Set<Socket>()
  let isCut = false
  const server = createServer(socket => {
    if (isCut) return void socket.destroy()
    const onward = connect(Number(to.port), to.hostname)
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      open.add(one)
      one.on('error', () => other.destroy()).on('close', () => (open.delete(one), other.destroy()))
      one.pipe(other)
    }
  })
  const cut = () => {
    isCut = true
    for (const socket of open) socket.destroy()
  }
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    mend: () => void (isCut = false),
    close: () => (cut(), new Promise(resolve => server.close(resolve))),
  }
}

it('a newer agent that holds its servers while the brain is away is kept, and the brain finds it as the new one', async () => {
  const offered = { first: '', second: '' }
  for (const version of ['first', 'second'] as const) {
    mkdirSync(join(folder, version))
    offered[version] = await buildAgent(join(folder, version), `0.0.0-${version}`)
  }
  const { node, joinToken } = await api.ok<{ node: Node; joinToken: string }>(201, 'POST', '/nodes', { name: 'away' })
  const env = {
    STRATA_BRAIN_URL: way.url,
    STRATA_NODE_NAME: 'away',
    STRATA_NODE_DATA_DIR: join(folder, 'node'),
    STRATA_JOIN_TOKEN: joinToken,
    STRATA_RUNTIME: 'process',
    STRATA_LOG_LEVEL: 'error',
  }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const program = join(folder, 'node', 'program')
  const files = programFiles(program)
  mkdirSync(program, { recursive: true })
  copyFileSync(offered.first, files.current)
  let looks = 0
  const keep = () =>
    keepAgent({
      folder: program,
      // Long enough for a real agent to read its record on a busy machine; what is away is away for longer than this.
      readyWithinMs: 8_000,
      lookEveryMs: 100,
      isBrainThere: () => (looks++, isBrainThere(way.url)),
      say() {},
    })
  const seenAs = (version: string) =>
    waitFor(`the ${version} to be seen`, async () => {
      const seen = await api.ok<Node>(200, 'GET', `/nodes/${node.id}`)
      return seen.contact === 'online' && seen.specs?.agentVersion === `0.0.0-${version}`
    })
  keeper = keep()
  await seenAs('first')
  keeper.stop()
  await keeper.ended

  way.cut()
  copyFileSync(offered.second, files.next)
  const since = performance.now()
  keeper = keep()
  await waitFor('more than its time to pass', () => looks > 0 && performance.now() - since > 10_000)
  expect(existsSync(files.next)).toBe(true)
  expect(readFailure(program)).toBeNull()
  way.mend()
  await seenAs('second')
  await waitFor('it to take the place', () => !existsSync(files.next))
  expect(sha256OfFile(files.current)).toBe(sha256OfFile(offered.second))
}, 90_000)
