import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { INSTANCE_STATE_NAMES } from '../../../../shared/domain/instance-state'
import type { InstanceState } from '../../../../shared/domain/instance-state'
import { POLICY } from '../../../../shared/domain/policy'
import { status as statusSchema } from '../../../../shared/schemas/status'
import type { Node } from '../../../../shared/schemas/node'
import { createStatusService } from '../../../../server/services/status-service'
import { makeRecord } from '../../../factories/instance-record'

let now: number
let running: number
let service: ReturnType<typeof createStatusService>
const node = (id: string, contact: Node['contact']) =>
  ({
    id,
    name: id,
    contact,
    unreachableSince: null,
    createdAt: 1,
    specs: null,
    instances: { total: 0, running: 0 },
  }) as unknown as Node
const nodes = [node('n1', 'online'), node('n2', 'offline'), node('n3', 'online')]
const failed = makeRecord({
  id: 'i9',
  name: 'arena',
  state: 'FAILED',
  reason: { code: 'CRASHED', message: 'It crashed.', at: 5 },
})
const event = {
  id: '1',
  instanceId: 'i9',
  at: 5,
  kind: 'transition' as const,
  from: 'RUNNING',
  to: 'FAILED',
  generation: 1,
  runId: null,
  actor: { kind: 'server' as const, id: null, name: 'arena' },
  cause: 'exit.crash',
  message: 'It crashed.',
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  now = 1_000
  running = 3
  service = createStatusService({
    instances: {
      countByState: () =>
        Promise.resolve({
          ...(Object.fromEntries(INSTANCE_STATE_NAMES.map(name => [name, 0])) as Record<InstanceState, number>),
          RUNNING: running,
        }),
      list: () => Promise.resolve({ items: [failed], nextCursor: null }),
      find: id => Promise.resolve(id === 'i9' ? failed : undefined),
      recentEvents: () => Promise.resolve([event, { ...event, id: '0', instanceId: 'gone' }]),
    },
    // One page for each, so that all pages must be asked for.
    nodes: {
      list({ cursor }) {
        const at = nodes.findIndex(({ id }) => id === cursor) + 1
        return Promise.resolve({
          items: nodes.slice(at, at + 1),
          nextCursor: at < nodes.length - 1 ? (nodes[at]?.id ?? null) : null,
        })
      },
    },
    templates: { count: () => Promise.resolve(4) },
    clock: { now: () => now },
    version: '1.2.3',
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  })
})
afterEach(() => {
  service.stop()
  vi.useRealTimers()
})

describe('status', () => {
  it('counts everything, names what needs a person, and says what happened last', async () => {
    const status = statusSchema.parse(await service.get('all'))
    expect(status).toMatchObject({
      version: '1.2.3',
      startedAt: 1_000,
      nodes: { pending: 0, online: 2, suspect: 0, offline: 1 },
      instances: { RUNNING: 3, FAILED: 0 },
      templates: 4,
      attention: [
        { kind: 'instance-failed', subject: { name: 'arena' } },
        { kind: 'node-offline', subject: { name: 'n2' } },
      ],
      recentEvents: [
        { id: '1', instanceName: 'arena' },
        { id: '0', instanceName: 'gone' },
      ],
    })
  })

  it('samples how many run, from the start on, and keeps the last hours', async () => {
    await service.start()
    for (let minute = 1; minute <= POLICY.status.samples; minute += 1) {
      now += POLICY.status.sampleMs
      running = minute
      await vi.advanceTimersByTimeAsync(POLICY.status.sampleMs)
    }
    const samples = (await service.get('all')).running.slice(0, -1)
    expect(samples).toHaveLength(POLICY.status.samples)
    expect(samples[0]).toEqual({ at: 1_000 + POLICY.status.sampleMs, count: 1 })
    expect(samples.at(-1)).toEqual({ at: now, count: POLICY.status.samples })
  })

  it('ends the last hours with how many run now, also between two samples', async () => {
    await service.start()
    now += 1
    running = 7
    expect((await service.get('all')).running.at(-1)).toEqual({ at: now, count: 7 })
  })
})
