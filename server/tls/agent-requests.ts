import type { RequestListener } from 'node:http'

/** What agents need beside their socket: layers, the agent itself, and whether the brain is well. */
const FOR_AGENTS = /^\/(?:objects|agent|healthz)(?:[/?]|$)/

/** Lets through what is for agents; the panel and its API are not served on their port. */
export function agentRequests(onRequest: RequestListener): RequestListener {
  return (request, response) => {
    if (FOR_AGENTS.test(request.url ?? '')) return onRequest(request, response)
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
    response.end('This port is for the agents of nodes. The panel is on another one.\n')
  }
}
