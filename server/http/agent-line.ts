import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { AgentLine } from '../ports'
import type { ClientView } from './client-address'

/** By which line a request came. */
export function agentLineOf(
  viewClient: (request: Pick<IncomingMessage, 'headers' | 'socket'>) => ClientView,
): (request: IncomingMessage) => AgentLine {
  return request => {
    const { isHttps, host } = viewClient(request)
    const { socket, headers } = request
    const isForwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined
    return {
      isEncrypted: isHttps,
      isLoopback: !isForwarded && /^(?:::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? ''),
      certificate: socket instanceof TLSSocket ? (socket.getPeerX509Certificate() ?? null) : null,
      host,
    }
  }
}
