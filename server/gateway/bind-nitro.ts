import { defineEventHandler } from 'h3'
import type { NitroApp } from 'nitropack/types'
import { SOCKET_PATH } from './engine'
import type { Gateway } from './gateway'

/**
 * Lets sockets in through Nitro's own HTTP server. Must run in a Nitro plugin: Nitro takes the WebSocket options right
 * after the plugins ran. Needs `nitro.experimental.websocket`, without which Nitro listens to no upgrades.
 */
export function bindToNitro(
  nitroApp: Pick<NitroApp, 'h3App' | 'router'>,
  gateway: Pick<Gateway, 'handleRequest' | 'webSocketServer'>,
): void {
  nitroApp.router.use(
    SOCKET_PATH,
    defineEventHandler(({ node: { req, res } }) => {
      return new Promise<void>(resolve => {
        res.once('close', () => {
          // A poll that its client gave up is answered all the same, or h3 would look for another handler.
          if (!res.writableEnded) res.end()
          resolve()
        })
        gateway.handleRequest(req, res)
      })
    }),
  )
  // `wss` is an option of crossws's Node adapter; h3 passes it on and types only the hooks.
  Object.assign((nitroApp.h3App.options.websocket ??= {}), { wss: gateway.webSocketServer })
}
