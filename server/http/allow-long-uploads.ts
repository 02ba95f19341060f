import type { IncomingMessage, Server } from 'node:http'

/**
 * Node gives every request 300 s to arrive whole (`server.requestTimeout`), too little for a large archive on a slow
 * line, and it can be set for a whole server alone. Headers keep their own limit; whoever reads a body watches that it
 * does not stand still. Twice is the same as once.
 */
export function allowLongUploads(request: IncomingMessage): void {
  const { server } = request.socket as IncomingMessage['socket'] & { server?: Server }
  if (server) server.requestTimeout = 0
}
