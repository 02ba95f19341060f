import { z } from 'zod'
import { mayHaveProcess } from '../../shared/domain/instance-state'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import { logsAnswer } from '../../shared/protocol/agent'
import type { AgentLink, Ids, InstanceRecord } from '../ports'
import { answerOf } from './agent-answer'
import type { HideSecrets } from './secret-words'

/** What passes straight through to the node: nothing of it is kept, repeated or made good later. */
export function createInstanceConsole(deps: {
  link: Pick<AgentLink, 'send'>
  ids: Pick<Ids, 'entity'>
  hideSecrets: HideSecrets
}) {
  const { link, ids, hideSecrets } = deps
  const who = (record: InstanceRecord) => `The node of "${record.name}"`

  return {
    /** One line to the server, at most once. INSTANCE_NOT_RUNNING, NODE_UNREACHABLE. */
    async input(record: InstanceRecord, line: string): Promise<void> {
      if (!mayHaveProcess(record.state) || record.nodeId === null) {
        throw new AppError(
          'INSTANCE_NOT_RUNNING',
          `"${record.name}" is ${record.state}, so nothing reads what is typed. Start it first.`,
        )
      }
      const message = { commandId: ids.entity(), instanceId: record.id, line }
      answerOf(await link.send(record.nodeId, 'instance.input', message), z.unknown(), who(record))
    },

    /**
     * The last lines of one run, the newest unless said, without secrets; empty for a server that never ran. NODE_UNREACHABLE; NOT_FOUND
     * for a run that its node does not keep (any more).
     */
    async logs(record: InstanceRecord, query: { tail: number; run?: string | undefined }): Promise<string> {
      if (record.nodeId === null || record.state === 'DESTROYED') {
        if (query.run !== undefined) throw unknownRun(record, query.run)
        return ''
      }
      const message = {
        instanceId: record.id,
        tail: query.tail,
        ...(query.run === undefined ? {} : { runId: query.run }),
      }
      const { runId, lines } = answerOf(
        await link.send(record.nodeId, 'instance.logs', message),
        logsAnswer,
        who(record),
      )
      if (query.run !== undefined && runId !== query.run) throw unknownRun(record, query.run)
      const hide = hideSecrets(record)
      return lines.map(line => `${hide(line)}\n`).join('')
    },

    /** A text about the server as others may read it. */
    hideSecrets: (record: InstanceRecord, text: string) => hideSecrets(record)(text),
  }
}

function unknownRun(record: InstanceRecord, run: string): AppError {
  return new AppError(
    'NOT_FOUND',
    `There is no console of a run "${run}" of "${record.name}". Its node keeps the last ${POLICY.console.keptRuns}; leave \`run\` out for the newest.`,
  )
}
