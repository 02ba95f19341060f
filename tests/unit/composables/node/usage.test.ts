import { expect, it } from 'vitest'
import { hitRate, usageOf } from '../../../../composables/node/usage'
import type { Node } from '../../../../shared/schemas/node'

const node = {
  specs: { cpus: 8, memoryBytes: 1_000 },
  load: {
    cpu: 0.5,
    memoryUsedBytes: 400,
    diskTotalBytes: 100,
    diskFreeBytes: 30,
    cache: { layers: 1, bytes: 1, hits: 3, misses: 1 },
  },
  reserved: { cpus: 6, memoryBytes: 700, diskBytes: 30 },
} as Node

it('tells cores and bytes', () => {
  expect(usageOf(node, 'cpu')).toEqual({ used: 4, total: 8, reserved: 6 })
  expect(usageOf(node, 'memory')).toEqual({ used: 400, total: 1_000, reserved: 700 })
  expect(usageOf(node, 'disk')).toEqual({ used: 70, total: 100, reserved: 30 })
})

it('knows nothing of a node that has not reported, and no rate where nothing was asked for', () => {
  expect(usageOf({ ...node, load: null }, 'cpu')).toBeNull()
  expect(hitRate(node.load)).toBe(0.75)
  expect(hitRate({ cache: { hits: 0, misses: 0 } } as Node['load'])).toBeNull()
})
