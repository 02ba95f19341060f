import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { NodeMeter } from '../../../../agent/stats/node-meter'
import type { MeteredInstance } from '../../../../agent/stats/node-meter'
import type { NodeMeterContext } from '../../../../agent/stats/node-meter'
import { agentToBrain } from '../../../../shared/protocol/agent'
import { POLICY } from '../../../../shared/domain/policy'
import type { RunUsage } from '../../../../shared/schemas/usage'
import { fakeLoad, fakeSpecs } from '../../../fakes/fake-machine'
import { temporaryFolder } from '../../../support/temporary-folder'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

function used(memoryBytes: number): RunUsage {
  return {
    at: Date.now(),
    cpuSeconds: 1,
    memoryBytes,
    networkRxBytes: null,
    networkTxBytes: null,
    diskReadBytes: null,
    diskWriteBytes: null,
  }
}

function meter(instances: MeteredInstance[]) {
  const warn = vi.fn()
  const log = { debug: vi.fn(), info: vi.fn(), warn, error: vi.fn() } as unknown as NodeMeterContext['log']
  const preparer = { ownFiles: (id: string) => ({ root: join(folder.path, id), baselineFile: null }) }
  return { warn, meter: new NodeMeter({ instances: () => instances, preparer, log }) }
}

const running = (instanceId: string, usage: () => Promise<RunUsage | null>): MeteredInstance => ({
  instanceId,
  run: { instanceId, runId: 'run-1' },
  runtime: { usage },
})

it('measures what runs, once per round; one that fails does not keep the others from it', async () => {
  const bad = running('bad', () => Promise.reject(new Error('hangs')))
  const good = running('good', () => Promise.resolve(used(7)))
  const idle: MeteredInstance = { ...good, instanceId: 'idle', run: null }
  const { meter: one } = meter([bad, idle, good])
  await one.measureRuns()
  expect(one.take()).toMatchObject([{ instanceId: 'good', runId: 'run-1', usage: { memoryBytes: 7 } }])
  expect(one.take()).toEqual([])
})

it('tells no more at once than a heartbeat takes, and the rest with the next', async () => {
  const many = Array.from({ length: POLICY.stats.perHeartbeat + 5 }, (_, at) =>
    running(`i-${at}`, () => Promise.resolve(used(Number.MAX_SAFE_INTEGER))),
  )
  const { meter: one } = meter(many)
  await one.measureRuns()
  await one.countOwnFiles()
  const beat = { load: fakeLoad(0), engine: fakeSpecs().engine, watched: 0, instances: one.take() }
  expect(() => agentToBrain['node.heartbeat'].parse(beat)).not.toThrow()
  expect(Buffer.byteLength(JSON.stringify(beat))).toBeLessThan(POLICY.channel.messageBytes / 4)
  expect(one.take()).toHaveLength(5)
})

it('counts own files of one that is stopped once, and tells the size again to a brain that came back', async () => {
  mkdirSync(join(folder.path, 'idle'))
  writeFileSync(join(folder.path, 'idle/world'), 'x'.repeat(10_000))
  const { meter: one } = meter([{ instanceId: 'idle', run: null, runtime: { usage: () => Promise.resolve(null) } }])
  await one.countOwnFiles()
  const size = { files: 1, bytes: expect.any(Number) as number }
  expect(one.take()).toMatchObject([{ instanceId: 'idle', usage: null, ownFiles: size }])
  await one.countOwnFiles()
  expect(one.take()).toEqual([])
  one.tellAgain()
  expect(one.take()).toMatchObject([{ ownFiles: size }])
})

it('says that the size is not known when it cannot be counted', async () => {
  writeFileSync(join(folder.path, 'odd'), 'x')
  const instance = running('odd/below', () => Promise.resolve(used(1)))
  const { meter: one, warn } = meter([instance])
  await one.countOwnFiles()
  expect(one.take()).toMatchObject([{ ownFiles: { bytes: 0, files: 0 } }])
  expect(warn).not.toHaveBeenCalled()
  const { meter: other, warn: warned } = meter([running('x'.repeat(300), () => Promise.resolve(used(1)))])
  await other.countOwnFiles()
  expect(other.take()).toMatchObject([{ ownFiles: null }])
  expect(warned).toHaveBeenCalledOnce()
})
