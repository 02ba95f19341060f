import type { InstanceState } from '../../../shared/domain/instance-state'
import type { InstanceRecord } from '../instance-record'

/** What `decide` reads of an instance. */
export type Subject = Pick<
  InstanceRecord,
  | 'state'
  | 'desired'
  | 'generation'
  | 'startGeneration'
  | 'appliedGeneration'
  | 'stopMode'
  | 'nodeId'
  | 'prepareAttempts'
  | 'stateSince'
  | 'reason'
  | 'effective'
>

export type CommandKind = 'prepare' | 'start' | 'stop' | 'kill' | 'destroy'

/** The last command that was tried for an instance, accepted or not; a refusal is no reason to hurry. */
export interface SentCommand {
  kind: CommandKind
  generation: number
  /** `stateSince` of the record it was decided on: another state makes it another decision. */
  stateSince: number
  sinceMs: number
}

/** What `decide` knows beside the record. */
export interface Surroundings {
  /** The instance's node has a connection and told its whole truth over it. */
  isNodeReady: boolean
  /** The node still holds an instance whose record says DESTROYED. */
  isStillHeld: boolean
  /** While PREPARING: time since the last sign of progress. */
  quietMs: number
  sent: SentCommand | null
  /** When a place was looked for in vain, how long ago. */
  placeTriedMsAgo: number | null
  now: number
}

/** What is to be done, as data. `attempt` is set when PREPARING stood still and is tried again: which try it is. */
export type Action =
  | { kind: 'place' }
  | { kind: 'prepare'; generation: number; attempt: number | null }
  | { kind: Exclude<CommandKind, 'prepare'>; generation: number }
  | { kind: 'mark'; state: InstanceState; reason: { code: string; message: string } | null }
