import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { readSettings } from '../../../agent/config'
import { joinBrain } from '../../../agent/join'
import { sha256OfFile } from '../../../agent/program/program-files'
import { RecordStore } from '../../../agent/record'
import type { JoinInvitation, Node } from '../../../shared/schemas/node'
import { agentRecord } from '../../factories/agent-record'
import { buildAgent } from '../../support/agent-bundle'
import { startFleetApi } from '../../support/fleet-api'
import type { FleetApi } from '../../support/fleet-api'
import { filesBelow } from '../../support/files-below'
import { ensurePrograms, findProgram } from '../../support/packages'
import { runInShell } from '../../support/program'
import type { Program } from '../../support/program'
import { ENGINE_ADDRESS } from '../../support/supervised-node'
import { waitFor } from '../../support/wait-for'

type Invited = JoinInvitation & { node: Node }

const built = mkdtempSync(join(tmpdir(), 'strata-agent-'))
let bundle: string
beforeAll(async () => {
  bundle = await buildAgent(built)
}, 60_000)
afterAll(() => rmSync(built, { recursive: true }))

describe('joining by the pasted line', () => {
  let folder: string
  let dataDir: string
  let api: FleetApi
  let invited: Invited
  let pasted: Program | undefined

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'strata-join-'))
    dataDir = join(folder, 'node')
    vi.stubEnv('STRATA_AGENT_BUNDLE', bundle)
    api = await startFleetApi()
    invited = await api.ok<Invited>(201, 'POST', '/nodes', { name: 'pasted "here"' })
  })
  afterEach(async () => {
    await pasted?.end('SIGTERM')
    pasted = undefined
    await api.close()
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true, force: true })
  })

  const paste = (line: string, env: Record<string, string> = {}) =>
    (pasted = runInShell(line, folder, {
      STRATA_NODE_DATA_DIR: dataDir,
      STRATA_NODE_ADDRESS: '127.0.0.1',
      DOCKER_HOST: ENGINE_ADDRESS,
      ...env,
    }))
  const ended = async (program: Program) => {
    await waitFor(`the line to end; it said ${program.said()}`, () => program.process.exitCode !== null, 60_000)
    return program.process.exitCode
  }
  const online = (program: Program) =>
    waitFor(`the node to be online; the line said ${program.said()}`, async () => {
      const node = await api.ok<Node>(200, 'GET', `/nodes/${invited.node.id}`)
      return node.specs && api.brain.gateway.agentLink.isConnected(node.id) ? node : undefined
    })
  const offline = async (program: Program) => {
    await program.end('SIGTERM')
    await waitFor('the brain to miss it', () => !api.brain.gateway.agentLink.isConnected(invited.node.id))
  }

  it('checks and runs the agent, and does it again without a token that is used up', async () => {
    const first = paste(invited.joinCommand)
    expect((await online(first)).agent).toEqual({ state: 'current', updates: 'self', failure: null })
    expect(sha256OfFile(join(dataDir, 'program', 'strata-agent.mjs'))).toBe(sha256OfFile(bundle))
    expect(statSync(join(dataDir, 'identity.json')).mode & 0o777).toBe(0o600)
    await offline(first)
    const kept = (await filesBelow(dataDir)).map(path => readFileSync(join(dataDir, path), 'utf8'))
    expect(kept.join('\n')).not.toContain(invited.joinToken)
    const again = paste(invited.joinCommand)
    await waitFor('the words', () => again.said().includes('stays the node it is'))
    await online(again)
  })

  it('writes a service that systemd understands, without the token', async () => {
    const root = join(folder, 'root')
    const service = paste(`${invited.joinCommand} --systemd --root ${root}`, { STRATA_NODE_REGION: 'eu' })
    expect(await ended(service), service.said()).toBe(0)
    const unit = join(root, 'etc', 'systemd', 'system', 'strata-agent-pasted-here.service')
    const text = readFileSync(unit, 'utf8')
    expect(text).toContain('KillMode=process')
    expect(text).toContain('Restart=always')
    const environment = join(dataDir, 'program', 'agent.env')
    expect(statSync(environment).mode & 0o777).toBe(0o600)
    expect(readFileSync(environment, 'utf8')).toContain('STRATA_NODE_NAME="pasted \\"here\\""\n')
    expect(readFileSync(environment, 'utf8')).toContain('STRATA_NODE_REGION="eu"\n')
    expect(text + readFileSync(environment, 'utf8')).not.toContain(invited.joinToken)
    const asInstalled = { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' }, cwd: '/' } as const
    expect(execFileSync(join(dataDir, 'program', 'strata-agent'), ['list'], asInstalled)).toBe('')
    await ensurePrograms({ 'systemd-analyze': 'systemd' })
    const judged = execFileSync((await findProgram('systemd-analyze')) ?? '', ['verify', '--man=no', unit], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    expect(judged).toBe('')
  })

  it.each([
    [
      'a wrong token',
      (line: string) => line.replace(/STRATA_JOIN_TOKEN=\S+/, `STRATA_JOIN_TOKEN=${'x'.repeat(43)}`),
      'unknown, used or expired',
    ],
    ['a script of another brain', (line: string) => line.replace(/[0-9a-f]{64}/, 'a'.repeat(64)), 'did NOT match'],
    [
      'a brain that is not there',
      (line: string) => line.replace(/STRATA_BRAIN_URL=\S+/, 'STRATA_BRAIN_URL=http://127.0.0.1:9'),
      'could not be downloaded',
    ],
    ['an option that does not exist', (line: string) => `${line} --now`, 'There is no option --now'],
  ])('installs nothing with %s', async (_what, change, words) => {
    const refused = paste(change(invited.joinCommand))
    expect(await ended(refused)).not.toBe(0)
    expect(refused.said()).toContain(words)
    expect(existsSync(dataDir)).toBe(false)
    const node = await api.ok<Node>(200, 'GET', `/nodes/${invited.node.id}`)
    expect(node.contact).toBe('pending')
  })

  it.each([
    [
      'other bytes',
      'is not the agent that this line was made for',
      (whole: Buffer) => ({ body: Buffer.from('nothing\n'), length: 8, whole }),
    ],
    [
      'a download that is cut off',
      'could not be downloaded',
      (whole: Buffer) => ({ body: whole.subarray(0, 10_000), length: whole.length, whole }),
    ],
  ])(
    'installs nothing of %s',
    async (_what, words, answer) => {
      const { body, length } = answer(readFileSync(bundle))
      const liar = createServer((_request, response) => {
        response.writeHead(200, { 'content-length': length })
        response.write(body)
        setImmediate(() => (body.length === length ? response.end() : response.destroy()))
      })
      await new Promise<void>(resolve => liar.listen(0, '127.0.0.1', resolve))
      const { port } = liar.address() as AddressInfo
      try {
        const refused = paste(
          invited.joinCommand.replace(/STRATA_BRAIN_URL=\S+/, `STRATA_BRAIN_URL=http://127.0.0.1:${port}`),
        )
        expect(await ended(refused)).not.toBe(0)
        expect(refused.said()).toContain(words)
        expect(existsSync(dataDir)).toBe(false)
      } finally {
        liar.close()
      }
    },
    60_000,
  )

  it('runs as a container, which takes up its servers again when it was removed and made anew', async () => {
    const name = `strata-agent-test-${process.pid}`
    const image = `strata-test/agent-${process.pid}:1`
    const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' }).trim()
    docker('create', '--name', name, 'strata-test/node:24')
    mkdirSync(join(folder, 'opt', 'strata'), { recursive: true })
    execFileSync('cp', [bundle, join(folder, 'opt', 'strata')])
    docker('cp', join(folder, 'opt'), `${name}:/`)
    docker('commit', name, image)
    docker('rm', name)
    await api.close()
    api = await startFleetApi({ env: { STRATA_AGENT_IMAGE: image } })
    const label = `boxed ${process.pid}`
    const container = `strata-agent-boxed-${process.pid}`
    invited = await api.ok<Invited>(201, 'POST', '/nodes', { name: label })
    let id: string | undefined
    try {
      const first = paste(invited.joinCommands.docker)
      expect(await ended(first), first.said()).toBe(0)
      const node = await online(first)
      expect(node.specs).toMatchObject({ runtime: 'docker', layout: 'overlay', engine: { available: true } })
      expect(node.agent).toMatchObject({ state: 'current', updates: 'container' })
      expect(docker('inspect', container)).not.toContain(invited.joinToken)
      const manifest =
        'type: master\nruntime: { image: "strata-test/busybox:1", command: [sh, -c, "echo ready; sleep 1000000"], ready: { log: ready }, stop: { signal: SIGTERM, graceSeconds: 0 }, resources: { memoryMb: 64 } }'
      await api.publish('base@1', manifest, '')
      id = (await api.create()).id
      const running = await waitFor('the server to run', async () => {
        const seen = await api.instance(id ?? '')
        if (seen.state !== 'RUNNING') throw new Error(`${JSON.stringify(seen.reason)} ${docker('logs', container)}`)
        return seen
      })
      docker('rm', '-f', container)
      await waitFor('the brain to miss it', () => !api.brain.gateway.agentLink.isConnected(invited.node.id))
      const again = paste(invited.joinCommands.docker)
      expect(await ended(again), again.said()).toBe(0)
      await online(again)
      expect(await api.instance(id)).toMatchObject({ state: 'RUNNING', startedAt: running.startedAt })
      await api.ok(202, 'DELETE', `/instances/${id}`)
      await api.until(id, { state: 'DESTROYED' })
    } finally {
      docker('rm', '-f', container)
      for (const left of id ? docker('ps', '-aq', '--filter', `name=strata-${id}`).split('\n').filter(Boolean) : [])
        docker('rm', '-fv', left)
      docker('rmi', image)
    }
  }, 120_000)

  it('joins a machine that lost everything as the node it was; the secret it had is worthless then', async () => {
    const first = paste(invited.joinCommand)
    await online(first)
    await offline(first)
    const before = readFileSync(join(dataDir, 'identity.json'), 'utf8')
    const anew = await api.ok<JoinInvitation>(201, 'POST', `/nodes/${invited.node.id}/join-token`)
    expect(anew.joinToken).not.toBe(invited.joinToken)
    rmSync(dataDir, { recursive: true })
    const second = paste(anew.joinCommand)
    await online(second)
    const after = readFileSync(join(dataDir, 'identity.json'), 'utf8')
    expect([JSON.parse(after).nodeId, after === before]).toEqual([invited.node.id, false])
  })
})

describe('the agent that joins', () => {
  let folder: string
  let api: FleetApi
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'strata-join-'))
    api = await startFleetApi()
  })
  afterEach(async () => {
    await api.close()
    rmSync(folder, { recursive: true })
  })
  const become = (joinToken: string, brainUrl = api.url.origin, withinMs?: number, dataDir = folder) =>
    joinBrain({
      settings: readSettings({
        STRATA_BRAIN_URL: brainUrl,
        STRATA_NODE_DATA_DIR: dataDir,
        STRATA_JOIN_TOKEN: joinToken,
      }),
      say: () => {},
      withinMs,
    })
  const identity = () =>
    JSON.parse(readFileSync(join(folder, 'identity.json'), 'utf8')) as { nodeId: string; secret: string }

  it('says so when the brain is away, and can come again with its token', async () => {
    const { joinToken, node } = await api.ok<Invited>(201, 'POST', '/nodes', { name: 'one' })
    await expect(become(joinToken, 'http://127.0.0.1:9', 300)).rejects.toMatchObject({ code: 'NODE_UNREACHABLE' })
    await become(joinToken)
    expect(identity().nodeId).toBe(node.id)
  })

  it('is one of the machines that come with the same line at once; the others are told and keep nothing', async () => {
    const { joinToken } = await api.ok<Invited>(201, 'POST', '/nodes', { name: 'one' })
    const folders = ['a', 'b', 'c'].map(name => join(folder, name))
    const outcomes = await Promise.allSettled(
      folders.map(dataDir => become(joinToken, api.url.origin, undefined, dataDir)),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const [index, outcome] of outcomes.entries()) {
      const dataDir = folders[index] ?? ''
      // What it was given is good: it comes back by it, though the token is used up.
      if (outcome.status === 'fulfilled') await become(joinToken, api.url.origin, undefined, dataDir)
      else {
        expect(outcome.reason).toMatchObject({
          code: 'HANDSHAKE_REFUSED',
          detail: expect.stringMatching(/Another machine joins|used or expired/) as string,
        })
        expect(existsSync(join(dataDir, 'identity.json'))).toBe(false)
      }
    }
  })

  it('stays the node it is while it holds servers, whoever the token is for', async () => {
    const one = await api.ok<Invited>(201, 'POST', '/nodes', { name: 'one' })
    const two = await api.ok<Invited>(201, 'POST', '/nodes', { name: 'two' })
    await become(one.joinToken)
    const known = identity()
    const records = new RecordStore(folder)
    await records.load()
    await records.save(agentRecord({ instanceId: 'held' }))
    await expect(become(two.joinToken)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(identity()).toEqual(known)
    // Nothing was used up and nothing lost: both tokens of the right node still do.
    await become(one.joinToken)
    const anew = await api.ok<JoinInvitation>(201, 'POST', `/nodes/${one.node.id}/join-token`)
    await become(anew.joinToken)
    expect(identity()).toMatchObject({ nodeId: one.node.id })
    expect(identity().secret).not.toBe(known.secret)
    await records.remove('held')
    await become(two.joinToken)
    expect(identity().nodeId).toBe(two.node.id)
  })
})
