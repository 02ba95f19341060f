import { isAppError } from '../shared/errors'
import { POLICY } from '../shared/domain/policy'
import { brainToAgent } from '../shared/protocol/agent'
import type { AgentAck, BrainToAgent } from '../shared/protocol/agent'
import type { z } from 'zod'
import type { OwnCertificate } from './certificate/own-certificate'
import type { AgentLog } from './log'
import type { LayerCache } from './prepare/port'
import type { Supervisor } from './supervisor'

export interface DispatchContext {
  supervisor: Supervisor
  cache: LayerCache
  configure: (settings: BrainToAgent['node.configure']) => Promise<void>
  /** Begins to become another program. */
  update: (wanted: BrainToAgent['node.update']) => Promise<void>
  /** Sends the whole truth again. */
  report: () => void
  certificate: OwnCertificate
  /** There is a certificate to come by. */
  certified: () => void
  log: AgentLog
}

type Handlers = { [Name in keyof BrainToAgent]: (payload: BrainToAgent[Name]) => Promise<unknown> }

const schemas: { [Name in keyof BrainToAgent]: z.ZodType<BrainToAgent[Name]> } = brainToAgent

/** Enough of them to know one that is delivered twice. */
const KEPT_INPUTS = 200

/**
 * Answers every message of the brain: parsed where it arrives, carried out by whoever can. Lifecycle commands are answered
 * when they are written down, not when they are done.
 */
export function createDispatch(context: DispatchContext): (name: string, payload: unknown) => Promise<AgentAck> {
  const handlers = handlersOf(context)

  async function handle<Name extends keyof BrainToAgent>(name: Name, raw: unknown): Promise<AgentAck> {
    const parsed = schemas[name].safeParse(raw)
    if (!parsed.success) {
      // Paths alone: the values may be secrets.
      const paths = parsed.error.issues
        .map(issue => `${issue.path.join('.') || 'payload'}: ${issue.message}`)
        .slice(0, 5)
      return {
        ok: false,
        code: 'MESSAGE_INVALID',
        message: `The agent does not understand ${name}: ${paths.join('; ')}`,
      }
    }
    try {
      return { ok: true, data: await handlers[name](parsed.data) }
    } catch (error) {
      if (isAppError(error)) return { ok: false, code: error.code, message: error.detail }
      context.log.error({ err: error, message: name }, 'A message of the brain could not be carried out')
      return { ok: false, code: 'INTERNAL', message: 'Something went wrong inside the agent; its log has more.' }
    }
  }

  return (name, payload) =>
    Object.hasOwn(brainToAgent, name)
      ? handle(name as keyof BrainToAgent, payload)
      : Promise.resolve({ ok: false, code: 'MESSAGE_INVALID', message: 'The agent knows no message of this name.' })
}

function handlersOf({
  supervisor,
  cache,
  configure,
  update,
  report,
  certificate,
  certified,
}: DispatchContext): Handlers {
  const inputs: string[] = []
  return {
    'instance.prepare': payload => supervisor.accept({ name: 'instance.prepare', ...payload }),
    'instance.start': payload => supervisor.accept({ name: 'instance.start', ...payload }),
    'instance.stop': payload => supervisor.accept({ name: 'instance.stop', ...payload }),
    'instance.kill': payload => supervisor.accept({ name: 'instance.kill', ...payload }),
    'instance.destroy': payload => supervisor.accept({ name: 'instance.destroy', ...payload }),
    async 'instance.input'(payload) {
      if (inputs.includes(payload.commandId)) return
      inputs.push(payload.commandId)
      if (inputs.length > KEPT_INPUTS) inputs.shift()
      await supervisor.input(payload)
    },
    'instance.watch': ({ instanceId }) => supervisor.watch(instanceId),
    async 'instance.unwatch'({ instanceId }) {
      supervisor.unwatch(instanceId)
    },
    async 'instance.describe'({ instanceId }) {
      return supervisor.describe(instanceId)
    },
    'instance.logs': payload =>
      supervisor.logs({ ...payload, tail: Math.min(payload.tail, POLICY.console.floodLines * 5) }),
    async 'cache.list'() {
      return { layers: await cache.list() }
    },
    'cache.purge': ({ layers }) => cache.purge(layers),
    async 'node.ping'() {
      // Being answered is the answer.
    },
    'node.configure': configure,
    'node.update': update,
    'node.certify': async () => ({ request: await certificate.request() }),
    async 'node.certificate'(given) {
      await certificate.keep(given)
      certified()
    },
    async 'node.resync'() {
      report()
    },
  }
}
