import { subscribe } from 'node:diagnostics_channel'
import { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

const listenMessage = z.object({
  server: z.custom<{ address(): AddressInfo | string | null }>(),
  error: z.instanceof(Error).optional(),
})

/**
 * Tells once when the HTTP server of this process listens, and where, or why it cannot. Nitro makes that server
 * itself and tells nobody; Node's own channel does (https://nodejs.org/api/diagnostics_channel.html, net.server.listen).
 */
export function onListening(tell: { listening(address: AddressInfo | null): void; failed(error: Error): void }): void {
  let isTold = false
  const once = (run: (message: z.output<typeof listenMessage>) => void) => (raw: unknown) => {
    const message = listenMessage.parse(raw)
    if (isTold || !(message.server instanceof Server)) return
    isTold = true
    run(message)
  }
  subscribe(
    'tracing:net.server.listen:asyncEnd',
    once(({ server }) => {
      const address = server.address()
      // In development Nuxt listens, and talks to Nitro over a socket file.
      tell.listening(typeof address === 'object' ? address : null)
    }),
  )
  subscribe(
    'tracing:net.server.listen:error',
    once(({ error }) => tell.failed(error ?? new Error('unknown'))),
  )
}
