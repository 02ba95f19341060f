import { collectDefaultMetrics, Registry } from 'prom-client'

/** Their names end like those of counters and they are none, which promtool rightly calls wrong; without `_total` they are there as well. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

let registry: Registry | undefined

/** Memory, CPU, files, garbage collection and lag of the event loop: of the process, however many brains a test has in it. */
export function processMetrics(): Registry {
  if (!registry) {
    registry = new Registry()
    collectDefaultMetrics({ register: registry })
    for (const name of MISNAMED) registry.removeSingleMetric(name)
  }
  return registry
}
