import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Dockerode from 'dockerode'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RunSpec } from '../../../agent/runtime/container-runtime'
import { DockerRuntime } from '../../../agent/runtime/docker'
import { ENGINE_ADDRESS } from '../../support/supervised-node'
import { waitFor } from '../../support/wait-for'

const docker = new Dockerode({ socketPath: ENGINE_ADDRESS.replace('unix://', '') })
let dataDir: string
let runtime: DockerRuntime
let counter = 0
const id = () => `volume-${process.pid}-${counter}`
const name = (plan: string) => `strata-${id()}-${plan}`

beforeEach(async () => {
  counter++
  dataDir = mkdtempSync(join(tmpdir(), 'strata-volume-'))
  chmodSync(dataDir, 0o755)
  for (const folder of ['lower', 'other', 'upper', 'work']) {
    mkdirSync(join(dataDir, folder))
    chownSync(join(dataDir, folder), 1000, 1000)
  }
  writeFileSync(join(dataDir, 'lower', 'layer.txt'), 'from the layer\n')
  writeFileSync(join(dataDir, 'other', 'layer.txt'), 'from another layer\n')
  runtime = new DockerRuntime({
    address: ENGINE_ADDRESS,
    dataDir,
    nodeId: `volumes-${process.pid}`,
    network: () => null,
    owner: { uid: 1000, gid: 1000 },
  })
  await runtime.open({ changed: () => {}, engineChanged: () => {} })
})
afterEach(async () => {
  await runtime.discard(id())
  await runtime.close()
  rmSync(dataDir, { recursive: true, force: true })
})

function run(lower: string, plan = 'aaaa', runId = 'run-1'): RunSpec {
  const o = `lowerdir=${join(dataDir, lower)},upperdir=${join(dataDir, 'upper')},workdir=${join(dataDir, 'work')}`
  return {
    instanceId: id(),
    runId,
    generation: 1,
    planHash: plan,
    mount: { kind: 'volume', name: name(plan), options: { type: 'overlay', device: 'overlay', o } },
    image: 'strata-test/busybox:1',
    command: [
      'sh',
      '-c',
      'cat layer.txt; echo own > own.txt; cat /etc/machine-id; touch /etc/machine-id || echo kept; ls',
    ],
    workdir: '/server',
    env: {},
    ports: [],
    resources: { memoryMb: 64 },
    stopSignal: 'SIGTERM',
    stopGraceSeconds: 5,
  }
}

async function output(spec: RunSpec): Promise<string[]> {
  await runtime.create(spec)
  await runtime.start(spec)
  await waitFor('its end', async () => (await runtime.look(id()))?.state === 'exited')
  const lines: string[] = []
  for await (const batch of runtime.output(spec, null, new AbortController().signal))
    lines.push(...batch.map(line => line.text))
  return lines
}

const volumes = async () =>
  (await docker.listVolumes({ filters: { label: [`strata.instance=${id()}`] } })).Volumes.map(volume => volume.Name)

it('runs on an overlay, keeps own files apart, and gives the same machine id to every run', async () => {
  const first = await output(run('lower'))
  expect(first).toEqual(expect.arrayContaining(['from the layer', 'kept', 'layer.txt', 'own.txt']))
  const machineId = first.find(line => /^[0-9a-f]{32}$/.test(line))
  expect(machineId).toBeDefined()
  expect(execFileSync('ls', [join(dataDir, 'upper')]).toString()).toBe('own.txt\n')
  expect(await output(run('lower', 'aaaa', 'run-2'))).toContain(machineId)
})

it('does not believe a volume whose name exists: stale options are replaced, older plans go', async () => {
  const stale = { ...run('other').mount } as Extract<RunSpec['mount'], { kind: 'volume' }>
  await docker.createVolume({ Name: stale.name, Driver: 'local', DriverOpts: stale.options })
  expect(await output(run('lower'))).toContain('from the layer')
  expect(await output(run('other', 'bbbb', 'run-2'))).toContain('from another layer')
  expect(await volumes()).toEqual([name('bbbb')])
  await runtime.discard(id())
  expect(await volumes()).toEqual([])
})

it('finds out before the start that a mount does not work, and leaves no container', async () => {
  const spec = run('nowhere')
  const error: unknown = await runtime.create(spec).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'LAYOUT_FAILED', detail: expect.stringContaining('no such file or directory') })
  expect(await runtime.look(id())).toBeNull()
  await docker.getVolume(name('aaaa')).remove()
})

it('refuses a volume that something else holds', async () => {
  const spec = run('lower')
  const stale = { ...run('other').mount } as Extract<RunSpec['mount'], { kind: 'volume' }>
  await docker.createVolume({ Name: stale.name, Driver: 'local', DriverOpts: stale.options })
  const holder = await docker.createContainer({
    Image: 'strata-test/busybox:1',
    Cmd: ['true'],
    HostConfig: { Mounts: [{ Type: 'volume', Source: stale.name, Target: '/x' }] } as never,
  })
  try {
    await expect(runtime.create(spec)).rejects.toMatchObject({ code: 'LAYOUT_FAILED' })
  } finally {
    await holder.remove({ force: true })
    await docker.getVolume(stale.name).remove()
  }
})
