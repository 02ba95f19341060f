import { defineNitroPlugin } from 'nitropack/runtime'
import { useBrain } from '../brain/current'

/** How long an answer or a download that is under way may take to end. */
const PATIENCE_MS = 10_000

/**
 * Ends the brain in two steps: at the signal sockets are let go and new requests refused; when Nitro has seen the last
 * connection end, the database is closed. Servers and agents go on without the brain.
 */
export default defineNitroPlugin(nitroApp => {
  process.env.NITRO_SHUTDOWN_TIMEOUT ??= String(PATIENCE_MS)
  const brain = useBrain()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      brain.letGo().catch((error: unknown) => brain.log.error({ err: error }, 'Sockets could not be let go'))
    })
  }
  nitroApp.hooks.hook('close', () => brain.stop())
})
