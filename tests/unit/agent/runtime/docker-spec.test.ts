import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RunSpec } from '../../../../agent/runtime/container-runtime'
import { containerSettings, machineId } from '../../../../agent/runtime/docker-spec'

const GOLDEN = join(import.meta.dirname, 'docker-settings.golden.json')
const HOST = {
  nodeId: 'node-1',
  network: 'net-1',
  owner: { uid: 1000, gid: 1000 },
  machineIdFile: '/data/machine-ids/i-1',
  isRootless: false,
}

const RUN: RunSpec = {
  instanceId: 'i-1',
  runId: 'run-1',
  generation: 7,
  planHash: 'abcdef0123456789',
  mount: {
    kind: 'volume',
    name: 'strata-i-1-abcdef',
    options: { type: 'overlay', device: 'overlay', o: 'lowerdir=/a:/b,upperdir=/u,workdir=/w' },
  },
  image: 'eclipse-temurin:25-jre',
  command: ['java', '-Xmx3584m', '-jar', 'server.jar'],
  workdir: '/server',
  env: { TZ: 'UTC', PORT: '5520' },
  ports: [
    { name: 'game', protocol: 'udp', container: 5520, host: { addresses: ['0.0.0.0'], port: 25_000 } },
    { name: 'query', protocol: 'tcp', container: 25_001, host: { addresses: ['127.0.0.1'], port: 25_001 } },
    { name: 'internal', protocol: 'tcp', container: 9_000, host: null },
  ],
  resources: { memoryMb: 4096, cpus: 1.5, pids: 512 },
  stopSignal: 'SIGTERM',
  stopGraceSeconds: 60,
}

describe('what Docker is told', () => {
  /** Every change of the golden file is a change of what a server may do to its machine: read it twice. */
  it('is exactly the golden file', () => {
    expect(containerSettings(RUN, HOST)).toEqual(JSON.parse(readFileSync(GOLDEN, 'utf8')))
  })

  it('mounts a directory instead of a volume, and nothing else more', () => {
    const { HostConfig } = containerSettings({ ...RUN, mount: { kind: 'directory', path: '/data/stacks/i-1' } }, HOST)
    expect(HostConfig?.Mounts?.map(mount => [mount.Type, mount.Source, mount.Target, mount.ReadOnly])).toEqual([
      ['bind', '/data/stacks/i-1', '/server', undefined],
      ['bind', '/data/machine-ids/i-1', '/etc/machine-id', true],
    ])
  })

  it('limits memory, swap and processes also when no layer does', () => {
    const { HostConfig } = containerSettings({ ...RUN, resources: {} }, HOST)
    expect(HostConfig).toMatchObject({ Memory: 1024 * 1024 ** 2, MemorySwap: 1024 * 1024 ** 2, PidsLimit: 1024 })
    expect(HostConfig).not.toHaveProperty('NanoCpus')
  })

  it('runs the image’s own command when there is none', () => {
    expect(containerSettings({ ...RUN, command: [] }, HOST)).not.toHaveProperty('Cmd')
  })

  it('never runs as user or group 0', () => {
    expect(() => containerSettings(RUN, { ...HOST, owner: { uid: 0, gid: 1000 } })).toThrow(/never run as/)
    expect(() => containerSettings(RUN, { ...HOST, owner: { uid: 1000, gid: 0 } })).toThrow(/never run as/)
  })

  it('gives every instance a machine id of its own', () => {
    expect(machineId('i-1')).toMatch(/^[0-9a-f]{32}$/)
    expect(machineId('i-1')).toBe(machineId('i-1'))
    expect(machineId('i-1')).not.toBe(machineId('i-2'))
  })
})
