import { z } from 'zod'
import type { RunStats } from './container-runtime'

const cpu = z.object({
  cpu_usage: z.object({ total_usage: z.number() }),
  system_cpu_usage: z.number().optional(),
  online_cpus: z.number().optional(),
})

/** What is read of a line of `GET /containers/:id/stats`. */
export const dockerStats = z.object({
  cpu_stats: cpu,
  precpu_stats: cpu,
  memory_stats: z
    .object({ usage: z.number().optional(), stats: z.record(z.string(), z.number()).optional() })
    .default({}),
  networks: z.record(z.string(), z.object({ rx_bytes: z.number(), tx_bytes: z.number() })).optional(),
})

/** As `docker stats` counts: share of all cores' time since the sample before, memory without pages that may be dropped at any time. */
export function statsOf(sample: z.output<typeof dockerStats>, at: number): RunStats {
  const used = sample.cpu_stats.cpu_usage.total_usage - sample.precpu_stats.cpu_usage.total_usage
  const passed = (sample.cpu_stats.system_cpu_usage ?? 0) - (sample.precpu_stats.system_cpu_usage ?? 0)
  const networks = sample.networks ? Object.values(sample.networks) : null
  const { usage = 0, stats = {} } = sample.memory_stats
  // cgroup 2 calls it inactive_file, cgroup 1 total_inactive_file.
  const droppable = stats.total_inactive_file ?? stats.inactive_file ?? 0
  return {
    at,
    cpu: passed > 0 && used > 0 ? (used / passed) * (sample.cpu_stats.online_cpus ?? 1) : 0,
    memoryBytes: Math.max(0, usage - droppable),
    networkRxBytes: networks ? networks.reduce((sum, card) => sum + card.rx_bytes, 0) : null,
    networkTxBytes: networks ? networks.reduce((sum, card) => sum + card.tx_bytes, 0) : null,
  }
}
