import { AppError } from '../../shared/errors'
import type { z } from 'zod'
import { agentToBrain, type AgentToBrain, type BrainToAgent } from '../../shared/protocol/agent'
import { POLICY } from '../../shared/domain/policy'
import type { AgentEvents } from '../ports'
import { parseMessage } from './ack'
import { ask, type AgentSession } from './agent-session'
import { namedInstances } from './named-instances'
import type { GatewayLog } from './gateway-log'
import type { WatchRegistry } from './watch-registry'

export interface AgentMessageDeps {
  events: AgentEvents
  watch: WatchRegistry
  now: () => number
  log: GatewayLog
}

/** What is done with each message once it was parsed and found to be about the node's own instances. Resolves to the data of the answer. */
type Handlers = {
  [Name in keyof AgentToBrain]: (session: AgentSession, payload: AgentToBrain[Name]) => Promise<unknown>
}

const schemas: { [Name in keyof AgentToBrain]: z.ZodType<AgentToBrain[Name]> } = agentToBrain

/**
 * The messages that may name instances the brain does not give to this node: after the brain's database was
 * restored, instances that only the node knows must come in, to be shown as found, and be measured. The services compare
 * each with its owner and change none that is not the node's own.
 */
const MAY_NAME_STRANGERS: ReadonlySet<keyof AgentToBrain> = new Set(['node.report', 'node.heartbeat'])

export interface AgentMessages {
  /**
   * Parses one message where it arrives.
   *
   * @returns what remains to be done, in the order of the node's queue: check that every instance named belongs to the
   * node, hand the message on, resolve to the data of the answer. It throws NOT_OWNER, and what the services throw.
   * @throws AppError MESSAGE_INVALID for an unknown name or a wrong shape.
   */
  read(session: AgentSession, name: unknown, payload: unknown): () => Promise<unknown>
}

export function createAgentMessages(deps: AgentMessageDeps): AgentMessages {
  const handlers = createHandlers(deps)

  function prepare<Name extends keyof AgentToBrain>(
    session: AgentSession,
    name: Name,
    raw: unknown,
  ): () => Promise<unknown> {
    const payload = parseMessage(name, schemas[name], raw)
    return async () => {
      if (!MAY_NAME_STRANGERS.has(name)) await checkOwner(deps.events, session.nodeId, name, payload)
      return handlers[name](session, payload)
    }
  }

  return {
    read(session, name, payload) {
      if (!isAgentMessage(name)) throw new AppError('MESSAGE_INVALID', 'The brain knows no message of this name.')
      return prepare(session, name, payload)
    },
  }
}

function isAgentMessage(name: unknown): name is keyof AgentToBrain {
  return typeof name === 'string' && Object.hasOwn(agentToBrain, name)
}

async function checkOwner(events: AgentEvents, nodeId: string, name: string, payload: unknown): Promise<void> {
  for (const instanceId of namedInstances(payload)) {
    if (await events.owns(nodeId, instanceId)) continue
    throw new AppError(
      'NOT_OWNER',
      `The message ${name} speaks of the instance ${instanceId}, which this node does not hold.`,
    )
  }
}

function createHandlers({ events, watch, now, log }: AgentMessageDeps): Handlers {
  return {
    async 'node.report'(session, report) {
      session.stream = report.stream
      session.isResyncing = false
      await events.report(session.nodeId, report)
    },
    async 'node.heartbeat'(session, beat) {
      await events.heartbeat(session.nodeId, beat)
    },
    async 'instance.observed'(session, { stream, observation }) {
      const isNext = session.stream !== null && stream <= session.stream + 1
      session.stream = Math.max(stream, session.stream ?? 0)
      // The observation itself is good: services order by run and sequence. What is missing comes with the next report.
      if (!isNext) resync(session, log)
      await events.observed(session.nodeId, observation)
    },
    async 'instance.progress'(session, progress) {
      await events.progress(session.nodeId, progress)
    },
    async 'instance.console'(session, printed) {
      const lines = await events.printed(printed.instanceId, printed.lines)
      watch.deliver(session.nodeId, 'console.lines', { ...printed, lines })
    },
    async 'instance.stats'(session, sample) {
      // By the brain's clock, as the history is.
      watch.deliver(session.nodeId, 'stats.sample', { ...sample, at: now() })
    },
    async 'image.login'(session, { instanceId, registry }) {
      return events.registryLogin(session.nodeId, instanceId, registry)
    },
    async 'layer.url'(session, { instanceId, sha256 }) {
      return events.layerUrl(session.nodeId, instanceId, sha256)
    },
  }
}

/** Asks for the whole truth. Not awaited: the report comes through the queue that the caller stands in. */
function resync(session: AgentSession, log: GatewayLog): void {
  if (session.isResyncing) return
  session.isResyncing = true
  const nothing: BrainToAgent['node.resync'] = {}
  ask(session, 'node.resync', nothing, POLICY.channel.ackMs).catch((error: unknown) => {
    session.isResyncing = false
    log.debug(
      { err: error, nodeId: session.nodeId },
      'A node did not take the request for a new report; the next gap asks again',
    )
  })
}
