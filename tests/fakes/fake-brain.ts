import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import type { Role } from '../../shared/domain/permissions'
import { agentLineOf } from '../../server/http/agent-line'
import { createClientViewer } from '../../server/http/client-address'
import { createGateway } from '../../server/gateway/gateway'
import type { Principal } from '../../server/ports'
import { createRecordingAgentEvents } from './recording-agent-events'

/** The real gateway on a plain HTTP server at a free port of loopback, with services that only write down what they are told. */
export async function startFakeBrain() {
  const agents = createRecordingAgentEvents()
  /** Who each `authorization` or `cookie` header is. */
  const principals = new Map<string, Principal>()
  let identification: Promise<void> = Promise.resolve()
  let isAsked = (): void => undefined
  const logged: string[] = []
  const log = pino({ level: 'debug', base: undefined }, { write: (line: string) => void logged.push(line) })
  const gateway = createGateway({
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    log,
    addressOf: request => request.socket.remoteAddress ?? 'unknown',
    lineOf: agentLineOf(createClientViewer([])),
  })
  let isStarted = true
  gateway.open({
    isStarted: () => isStarted,
    agents: agents.events,
    panel: {
      async principalFromHeaders(headers) {
        const principal = principals.get(headers.authorization ?? headers.cookie ?? '') ?? null
        isAsked()
        await identification
        return principal
      },
      isOwnOrigin: ({ headers }) => headers.origin === undefined || URL.parse(headers.origin)?.host === headers.host,
    },
    nodeOf: async instanceId => agents.owners.get(instanceId),
  })
  const server = createServer((_request, response) => response.end('brain'))
  gateway.attach(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    gateway,
    agents,
    principals,
    logged,
    signIn(header: string, role: Role, ids: Partial<Pick<Principal, 'sessionId' | 'userId'>> = {}) {
      const principal: Principal = {
        actor: { kind: 'user', id: role, name: role },
        grants: [{ role, scope: { kind: 'all' } }],
        sessionId: `session-${role}`,
        userId: role,
        ...ids,
      }
      principals.set(header, principal)
      return principal
    },
    /** Whoever is looked up from now on is known only when `until` resolves. Resolves when the first one is looked up. */
    holdIdentification(until: Promise<void>) {
      identification = until
      return new Promise<void>(resolve => (isAsked = resolve))
    },
    /** As while the brain starts or stops. */
    setStarted(value: boolean) {
      isStarted = value
    },
    async stop() {
      await gateway.close()
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}
export type FakeBrain = Awaited<ReturnType<typeof startFakeBrain>>
