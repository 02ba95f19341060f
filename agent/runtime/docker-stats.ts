import { z } from 'zod'
import type { RunUsage } from '../../shared/schemas/usage'

/** What is read of an answer of `GET /containers/:id/stats?stream=false&one-shot=true`. */
export const dockerStats = z.object({
  /** `0001-01-01…` when the container has ended. */
  read: z.string(),
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number() }) }),
  memory_stats: z
    .object({ usage: z.number().optional(), stats: z.record(z.string(), z.number()).optional() })
    .default({}),
  networks: z.record(z.string(), z.object({ rx_bytes: z.number(), tx_bytes: z.number() })).optional(),
  blkio_stats: z
    .object({ io_service_bytes_recursive: z.array(z.object({ op: z.string(), value: z.number() })).nullish() })
    .default({}),
})

const NANOSECONDS = 1e9

/** null for a container that has ended. Memory as `docker stats` counts: without pages that may be dropped at any time. */
export function usageOf(sample: z.output<typeof dockerStats>, at: number): RunUsage | null {
  if (sample.read.startsWith('0001-')) return null
  const networks = sample.networks ? Object.values(sample.networks) : null
  const { usage = 0, stats = {} } = sample.memory_stats
  // cgroup 2 calls it inactive_file, cgroup 1 total_inactive_file.
  const droppable = stats.total_inactive_file ?? stats.inactive_file ?? 0
  const disk = sample.blkio_stats.io_service_bytes_recursive ?? null
  const moved = (wanted: string) =>
    disk && disk.reduce((sum, { op, value }) => sum + (op.toLowerCase() === wanted ? value : 0), 0)
  return {
    at,
    cpuSeconds: sample.cpu_stats.cpu_usage.total_usage / NANOSECONDS,
    memoryBytes: Math.max(0, usage - droppable),
    networkRxBytes: networks ? networks.reduce((sum, card) => sum + card.rx_bytes, 0) : null,
    networkTxBytes: networks ? networks.reduce((sum, card) => sum + card.tx_bytes, 0) : null,
    diskReadBytes: moved('read'),
    diskWriteBytes: moved('write'),
  }
}
