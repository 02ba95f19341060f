import { POLICY } from '../../shared/domain/policy'
import { isAppError } from '../../shared/errors'
import type { AgentAck } from '../../shared/protocol/agent'
import type { Action } from '../domain/decide/actions'
import { applyMark, noteAttempt, noteRefusal } from '../domain/decide/apply-mark'
import type { AgentLink, Clock, Ids, InstanceRecord, SpecBuilder } from '../ports'
import type { InstanceWriter } from './instance-writer'
import type { NodeDirectory } from './node-directory'
import type { ProgressBoard } from './progress-board'
import type { SentCommands } from './sent-commands'
import type { ServiceLog } from './service-log'
import type { WishTrace } from './wish-trace'

export type Command = Extract<Action, { generation: number }>

export interface CommandSenderDeps {
  link: Pick<AgentLink, 'send'>
  writer: Pick<InstanceWriter, 'change'>
  specs: SpecBuilder
  directory: Pick<NodeDirectory, 'get'>
  progress: Pick<ProgressBoard, 'touch'>
  sent: SentCommands
  trace: Pick<WishTrace, 'requestOf'>
  clock: Pick<Clock, 'now'>
  ids: Pick<Ids, 'entity'>
  log: ServiceLog
}

/**
 * Sends one lifecycle command and deals with its answer. Only the reconciler calls it. What the node cannot be told now is
 * said again later; what it refuses is put into words, and it is asked for its whole truth, because it sees something else than
 * the brain does.
 */
export function createCommandSender(
  deps: CommandSenderDeps,
): (record: InstanceRecord, nodeId: string, command: Command) => Promise<void> {
  const { link, writer, specs, directory, progress, sent, trace, clock, ids, log } = deps

  /** The message of the command; null when layers and variables make no server any more, which is written down. */
  async function send(record: InstanceRecord, nodeId: string, command: Command): Promise<AgentAck | null> {
    const base = { commandId: ids.entity(), instanceId: record.id, generation: command.generation }
    const { commandId, instanceId, generation } = base
    const requestId = trace.requestOf(record.id)
    log.info(
      { requestId, commandId, command: command.kind, instanceId, nodeId, generation },
      'A command is sent to a node',
    )
    if (command.kind !== 'prepare') return link.send(nodeId, `instance.${command.kind}`, base)
    const spec = await buildSpec(record, nodeId)
    return spec && link.send(nodeId, 'instance.prepare', { ...base, spec })
  }

  async function buildSpec(record: InstanceRecord, nodeId: string) {
    try {
      return await specs.build(record, directory.get(nodeId))
    } catch (error) {
      if (!isAppError(error)) throw error
      const reason = { code: error.code, message: error.detail }
      await changeIfSame(record, current => applyMark(current, { state: 'FAILED', reason }, clock.now()))
      return null
    }
  }

  const changeIfSame: (
    record: InstanceRecord,
    make: Parameters<InstanceWriter['change']>[1],
  ) => Promise<InstanceRecord> = (record, make) =>
    writer.change(record.id, current => (current.revision === record.revision ? make(current) : null))

  async function refused(
    record: InstanceRecord,
    nodeId: string,
    refusal: Extract<AgentAck, { ok: false }>,
  ): Promise<void> {
    log.info({ instanceId: record.id, nodeId, code: refusal.code }, 'A node refused a command')
    // A newer wish is on its way already: nothing that anybody must read.
    if (refusal.code !== 'STALE_COMMAND')
      await changeIfSame(record, current => noteRefusal(current, refusal, clock.now()))
    await link.send(nodeId, 'node.resync', {})
  }

  return async (record, nodeId, command) => {
    const { kind, generation } = command
    if (command.kind === 'prepare' && command.attempt !== null) {
      const attempt = command.attempt
      record = await changeIfSame(record, current => noteAttempt(current, attempt, POLICY.prepare.retries))
    }
    const before = sent.of(record.id)
    const isRepeated = before?.kind === kind && before.generation === generation
    sent.note(record.id, { kind, generation, stateSince: record.stateSince })
    if (kind === 'prepare') progress.touch(record.id)
    try {
      const ack = await send(record, nodeId, command)
      if (ack && !ack.ok) await refused(record, nodeId, ack)
      // Accepted twice, and nothing came of it: what the node holds is not what the brain believes.
      else if (isRepeated) await link.send(nodeId, 'node.resync', {})
    } catch (error) {
      if (!isAppError(error) || error.code !== 'NODE_UNREACHABLE') throw error
      log.debug({ instanceId: record.id, nodeId, kind }, 'A command found its node out of reach; it is said again')
    }
  }
}
