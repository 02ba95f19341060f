import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Dockerode from 'dockerode'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RunSpec } from '../../../agent/runtime/container-runtime'
import { DockerRuntime } from '../../../agent/runtime/docker'
import { ENGINE_ADDRESS } from '../../support/supervised-node'

/**
 * Two Strata networks whose brains gave the same ids, as after one was set up from a copy of the other, on one Docker Engine:
 * the worst there is to mix up.
 */
const docker = new Dockerode({ socketPath: ENGINE_ADDRESS.replace('unix://', '') })
const id = `networks-${process.pid}`
let folders: string[]
let ours: DockerRuntime
let theirs: DockerRuntime

beforeEach(async () => {
  folders = []
  ours = await open('net-ours')
  theirs = await open('net-theirs')
})
afterEach(async () => {
  for (const runtime of [ours, theirs]) {
    await runtime.discard(id)
    await runtime.close()
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

async function open(network: string): Promise<DockerRuntime> {
  const dataDir = mkdtempSync(join(tmpdir(), 'strata-network-'))
  chmodSync(dataDir, 0o755)
  for (const name of ['lower', 'upper', 'work']) {
    mkdirSync(join(dataDir, name))
    chownSync(join(dataDir, name), 1000, 1000)
  }
  folders.push(dataDir)
  const runtime = new DockerRuntime({
    address: ENGINE_ADDRESS,
    nodeId: `node-${process.pid}`,
    network: () => network,
    owner: { uid: 1000, gid: 1000 },
    dataDir,
  })
  await runtime.open({ changed: () => {}, engineChanged: () => {} })
  return runtime
}

function run(of: 'ours' | 'theirs', plan = 'aaaa'): RunSpec {
  const at = (name: string) => join(folders[of === 'ours' ? 0 : 1] ?? '', name)
  const o = `lowerdir=${at('lower')},upperdir=${at('upper')},workdir=${at('work')}`
  return {
    instanceId: id,
    runId: `run-${of}`,
    generation: 1,
    planHash: plan,
    mount: { kind: 'volume', name: `strata-${id}-${plan}`, options: { type: 'overlay', device: 'overlay', o } },
    image: 'strata-test/busybox:1',
    command: ['sh', '-c', 'sleep 60'],
    workdir: '/server',
    env: {},
    ports: [],
    resources: { memoryMb: 64 },
    stopSignal: 'SIGKILL',
    stopGraceSeconds: 1,
  }
}

async function theirContainer() {
  const { State, Config } = await docker.getContainer(`strata-${id}`).inspect()
  const { Options } = await docker.getVolume(`strata-${id}-aaaa`).inspect()
  return { pid: State.Pid, labels: Config.Labels, options: Options }
}

it('leave containers and volumes of each other alone, whatever is asked of them', async () => {
  await theirs.create(run('theirs'))
  await theirs.start(run('theirs'))
  const before = await theirContainer()
  expect(before.labels).toMatchObject({ 'strata.network': 'net-theirs', 'strata.instance': id })

  expect(await ours.look(id)).toBeNull()
  expect(await ours.list()).toEqual([])
  expect(await ours.signal(run('theirs'), 'SIGKILL')).toBe(false)
  await expect(ours.input(run('theirs'), 'stop')).rejects.toMatchObject({ code: 'INSTANCE_NOT_RUNNING' })
  await ours.remove(id)
  await ours.discard(id)
  await expect(ours.create(run('ours'))).rejects.toMatchObject({
    code: 'LAYOUT_FAILED',
    detail: expect.stringContaining('another Strata network'),
  })
  // Another plan has a volume of its own; then the container's name is the lock.
  await expect(ours.create(run('ours', 'bbbb'))).rejects.toMatchObject({ code: 'CONFLICT' })
  await ours.discard(id)

  expect(await theirContainer()).toEqual(before)
  expect(await theirs.look(id)).toMatchObject({ runId: 'run-theirs', state: 'running' })
})

it('keep what was made before there was a label for the network', async () => {
  const old = new DockerRuntime({
    address: ENGINE_ADDRESS,
    nodeId: `node-${process.pid}`,
    network: () => null,
    owner: { uid: 1000, gid: 1000 },
    dataDir: folders[0] ?? '',
  })
  await old.open({ changed: () => {}, engineChanged: () => {} })
  await old.create(run('ours'))
  await old.close()
  expect(await ours.look(id)).toMatchObject({ runId: 'run-ours', state: 'created' })
  await ours.discard(id)
  expect((await docker.listVolumes()).Volumes.map(({ Name }) => Name)).not.toContain(`strata-${id}-aaaa`)
})
