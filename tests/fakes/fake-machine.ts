import { hostname } from 'node:os'
import { PROTOCOL_VERSION } from '../../shared/protocol/version'
import type { NodeLoad, NodeSpecs } from '../../shared/schemas/node'

const GIB = 1024 ** 3

/** A machine that a fake agent pretends to run on: 8 cores, 32 GiB, a disk of 500 GiB, Docker with overlay. */
export function fakeSpecs(overrides: Partial<NodeSpecs> = {}): NodeSpecs {
  return {
    hostname: `fake.${hostname()}`,
    os: 'linux',
    arch: 'x64',
    cpus: 8,
    memoryBytes: 32 * GIB,
    agentVersion: '0.0.0-fake',
    protocolVersion: PROTOCOL_VERSION,
    bootId: 'fake-boot',
    runtime: 'docker',
    layout: 'overlay',
    engine: { available: true, version: 'fake', message: null },
    ports: { from: 25_000, to: 25_999 },
    address: '127.0.0.1',
    publicBind: '0.0.0.0',
    privateBind: '127.0.0.1',
    maxInstances: null,
    reserve: { memoryBytes: GIB, cpus: 0, diskBytes: 10 * GIB },
    ...overrides,
  }
}

export function fakeLoad(cachedLayers: number): NodeLoad {
  return {
    at: Date.now(),
    cpu: 0.1 + Math.random() * 0.2,
    memoryUsedBytes: 4 * GIB,
    diskTotalBytes: 500 * GIB,
    diskFreeBytes: 400 * GIB,
    cache: { layers: cachedLayers, bytes: cachedLayers * 1024 ** 2, hits: 0, misses: cachedLayers },
  }
}
