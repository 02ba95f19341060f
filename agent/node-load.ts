import { statfs } from 'node:fs/promises'
import { cpus, freemem, totalmem } from 'node:os'
import type { NodeLoad } from '../shared/schemas/node'
import type { LayerCache } from './prepare/port'

/** Measures the load of the machine; CPU is measured between two calls, the first one tells the time since boot. */
export function createLoadMeter(dataDir: string, cache: LayerCache): () => Promise<NodeLoad> {
  let before = { busy: 0, total: 0 }
  return async () => {
    const now = cpuTimes()
    const passed = now.total - before.total
    const cpu = passed > 0 ? (now.busy - before.busy) / passed : 0
    before = now
    const disk = await statfs(dataDir)
    return {
      at: Date.now(),
      cpu: Math.min(1, Math.max(0, cpu)),
      memoryUsedBytes: totalmem() - freemem(),
      diskTotalBytes: disk.blocks * disk.bsize,
      diskFreeBytes: disk.bavail * disk.bsize,
      cache: cache.figures(),
    }
  }
}

function cpuTimes(): { busy: number; total: number } {
  let idle = 0
  let total = 0
  for (const { times } of cpus()) {
    idle += times.idle
    total += times.user + times.nice + times.sys + times.irq + times.idle
  }
  return { busy: total - idle, total }
}
