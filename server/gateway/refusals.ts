import type { IncomingMessage } from 'node:http'
import type { AgentEvents } from '../ports'
import type { AgentSessions } from './agent-sessions'
import type { Connection } from './engine'
import type { GatewayLog } from './gateway-log'

/** Has a refusal counted and audited, with the node behind the connection when it is known. */
export type RecordRefusal = (connection: Connection, refusal: { code: string; message: string }) => void

export function createRefusals(deps: {
  events: Pick<AgentEvents, 'refused'>
  sessions: Pick<AgentSessions, 'of'>
  addressOf: (request: IncomingMessage) => string
  log: GatewayLog
}): RecordRefusal {
  return (connection, { code, message }) => {
    const where = {
      nodeId: deps.sessions.of(connection)?.nodeId ?? null,
      address: deps.addressOf(connection.request),
      code,
      message,
    }
    deps.events
      .refused(where)
      .catch((error: unknown) => deps.log.error({ err: error, ...where }, 'A refusal could not be recorded'))
  }
}
