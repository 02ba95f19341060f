import { createServer, connect } from 'node:net'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RunSpec } from '../../../agent/runtime/container-runtime'
import { DockerRuntime } from '../../../agent/runtime/docker'
import { readSettings } from '../../../agent/config'
import { freePort } from '../../support/strata'
import { ENGINE_ADDRESS } from '../../support/supervised-node'
import { waitFor } from '../../support/wait-for'

const id = `ipv6-${process.pid}`
let dataDir: string
let runtime: DockerRuntime

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'strata-ipv6-'))
  chmodSync(dataDir, 0o755)
  mkdirSync(join(dataDir, 'stack'))
  runtime = new DockerRuntime({
    address: ENGINE_ADDRESS,
    nodeId: `ipv6-${process.pid}`,
    network: () => 'net-ipv6',
    owner: { uid: 1000, gid: 1000 },
    dataDir,
  })
  await runtime.open({ changed: () => {}, engineChanged: () => {} })
})
afterEach(async () => {
  await runtime.discard(id)
  await runtime.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** A server that greets, bound as a node's settings say. */
function run(bind: string, port: number): RunSpec {
  const addresses = readSettings({ STRATA_NODE_PUBLIC_BIND: bind }).publicBind
  return {
    instanceId: id,
    runId: 'run-1',
    generation: 1,
    planHash: 'aaaa',
    mount: { kind: 'directory', path: join(dataDir, 'stack') },
    image: 'strata-test/busybox:1',
    command: ['sh', '-c', 'while :; do echo hello | nc -l -p 7000; done'],
    workdir: '/server',
    env: {},
    ports: [{ name: 'game', protocol: 'tcp', container: 7000, host: { addresses, port } }],
    resources: { memoryMb: 64 },
    stopSignal: 'SIGKILL',
    stopGraceSeconds: 1,
  }
}

/** What is answered at an address; undefined when nobody answers. */
function heard(host: string, port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: 1_000 })
    socket.once('data', data => {
      resolve(data.toString())
      socket.destroy()
    })
    for (const end of ['timeout', 'error', 'close']) socket.once(end, () => resolve(undefined))
  })
}

async function start(spec: RunSpec): Promise<void> {
  await runtime.create(spec)
  await runtime.start(spec)
}

it('reaches a server over IPv6 and IPv4 where the node binds ::', async () => {
  const port = await freePort()
  await start(run('::', port))
  expect(await waitFor('an answer over IPv6', () => heard('::1', port))).toBe('hello\n')
  expect(await waitFor('an answer over IPv4', () => heard('127.0.0.1', port))).toBe('hello\n')
})

it('reaches a server over IPv6 alone where only ::1 is bound', async () => {
  const port = await freePort()
  await start(run('::1', port))
  expect(await waitFor('an answer over IPv6', () => heard('::1', port))).toBe('hello\n')
  expect(await heard('127.0.0.1', port)).toBeUndefined()
})

it('says when a stranger has the port on IPv6, and which address the machine lacks', async () => {
  const port = await freePort()
  const stranger = createServer().listen({ port, host: '::1', ipv6Only: true })
  await once(stranger, 'listening')
  await runtime.create(run('127.0.0.1,::1', port))
  await expect(runtime.start(run('127.0.0.1,::1', port))).rejects.toMatchObject({ code: 'PORT_TAKEN' })
  stranger.close()
  await runtime.remove(id)
  const foreign = run('2001:db8::77', port)
  await runtime.create(foreign)
  await expect(runtime.start(foreign)).rejects.toMatchObject({
    code: 'START_FAILED',
    detail: expect.stringContaining('2001:db8::77'),
  })
})
