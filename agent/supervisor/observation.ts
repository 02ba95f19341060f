import { mayHaveProcess } from '../../shared/domain/instance-state'
import type { Observation } from '../../shared/protocol/agent'
import type { InstanceRecord, Notice } from '../record'

const MESSAGE_LIMIT = 2_000

/** What the brain is told of an instance: the record without its secrets. Pure; the same record gives the same observation. */
export function observationOf(record: InstanceRecord): Observation {
  const { instanceId, seq, state, cause, actor, runId, exit, takenPort, lastLines, home, prepared } = record
  const reason = record.reason ?? standingNotice(record)
  return {
    instanceId,
    seq,
    state,
    generation: record.layoutGeneration,
    runId,
    cause,
    actor,
    reason: reason && { code: reason.code, message: reason.message.slice(0, MESSAGE_LIMIT) },
    startedAt: record.run?.startedAt ?? null,
    exit,
    restarts: record.crashes,
    runtime: home?.runtime ?? null,
    layout: home?.layout ?? null,
    planHash: prepared?.planHash ?? null,
    ...(prepared?.image ? { image: { name: record.spec.runtime.image, reference: prepared.image } } : {}),
    takenPort,
    lastLines,
  }
}

/** What is told of an instance that the node does not hold, when it is to be destroyed. */
export function nothingLeft(instanceId: string, generation: number): Observation {
  return {
    instanceId,
    seq: Date.now(),
    state: 'DESTROYED',
    generation,
    runId: null,
    cause: 'command',
    actor: 'system',
    reason: null,
    startedAt: null,
    exit: null,
    restarts: 0,
    runtime: null,
    layout: null,
    planHash: null,
    takenPort: null,
    lastLines: [],
  }
}

/** What stays true of a laid-out server for as long as it is: such as that nothing isolates it. */
function standingNotice({ state, prepared }: InstanceRecord): Notice | null {
  const notices = prepared?.notices ?? []
  const [first] = notices
  if (!first || !(state === 'PREPARED' || mayHaveProcess(state))) return null
  return { code: first.code, message: notices.map(notice => notice.message).join(' ') }
}
