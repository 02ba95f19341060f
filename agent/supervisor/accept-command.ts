import { mayHaveProcess } from '../../shared/domain/instance-state'
import { AppError } from '../../shared/errors'
import type { BrainToAgent } from '../../shared/protocol/agent'
import type { InstanceRecord } from '../record'

export type CommandName = 'instance.prepare' | 'instance.start' | 'instance.stop' | 'instance.kill' | 'instance.destroy'

export type Command = { [Name in CommandName]: { name: Name } & BrainToAgent[Name] }[CommandName]

const KEPT_COMMANDS = 20

/** A record for an instance that this node hears of for the first time. */
export function newRecord(command: BrainToAgent['instance.prepare']): InstanceRecord {
  return {
    format: 1,
    instanceId: command.instanceId,
    spec: command.spec,
    generation: command.generation,
    layoutGeneration: command.generation,
    commandIds: [],
    wanted: 'prepared',
    stopNow: false,
    prepareDue: false,
    home: null,
    prepared: null,
    proof: null,
    state: 'PREPARING',
    cause: 'command',
    actor: 'system',
    reason: null,
    takenPort: null,
    runId: null,
    run: null,
    stop: null,
    crashes: 0,
    restartAt: null,
    cleanupDue: 'none',
    exit: null,
    lastLines: [],
    seq: 0,
  }
}

/**
 * What accepting a command changes in the record; empty when it was accepted before or is true already. Pure.
 * STALE_COMMAND when a newer wish is known, INVALID_TRANSITION when the command does not fit what is there.
 */
export function acceptCommand(record: InstanceRecord, command: Command): Partial<InstanceRecord> {
  if (record.commandIds.includes(command.commandId)) return {}
  if (command.generation < record.generation) {
    throw new AppError(
      'STALE_COMMAND',
      `The node knows a newer wish (generation ${record.generation}) than this one (${command.generation}).`,
    )
  }
  const accepted = {
    generation: command.generation,
    commandIds: [...record.commandIds, command.commandId].slice(-KEPT_COMMANDS),
  }
  return { ...accepted, ...changeOf(record, command) }
}

function changeOf(record: InstanceRecord, command: Command): Partial<InstanceRecord> {
  if (record.wanted === 'destroyed' && command.name !== 'instance.destroy') throw invalid('It is being destroyed.')
  switch (command.name) {
    case 'instance.prepare':
      return prepare(record, command)
    case 'instance.start':
      return start(record)
    case 'instance.stop':
      return stop(record, false)
    case 'instance.kill':
      return stop(record, true)
    case 'instance.destroy':
      return { wanted: 'destroyed' }
  }
}

function prepare(record: InstanceRecord, command: BrainToAgent['instance.prepare']): Partial<InstanceRecord> {
  if (mayHaveProcess(record.state)) throw invalid(`It is ${record.state}; it must be stopped before it is prepared.`)
  const isDone = record.state === 'PREPARED' && record.layoutGeneration === command.generation
  if (isDone) return {}
  return {
    spec: command.spec,
    layoutGeneration: command.generation,
    wanted: 'prepared',
    prepareDue: true,
    prepared: null,
    proof: null,
    stopNow: false,
    stop: null,
    state: 'PREPARING',
    cause: 'command',
    actor: 'system',
    reason: null,
    takenPort: null,
    crashes: 0,
    restartAt: null,
    exit: null,
    lastLines: [],
  }
}

function start(record: InstanceRecord): Partial<InstanceRecord> {
  if (record.state === 'PREPARED') return { wanted: 'running' }
  if (record.wanted === 'running' && mayHaveProcess(record.state)) return {}
  throw invalid(`It is ${record.state}; every start is prepared first.`)
}

function stop(record: InstanceRecord, stopNow: boolean): Partial<InstanceRecord> {
  if (mayHaveProcess(record.state)) return { wanted: 'stopped', stopNow: stopNow || record.stopNow }
  if (record.state === 'PREPARING') return { wanted: 'stopped' }
  return record.state === 'PREPARED' ? { wanted: 'prepared' } : {}
}

function invalid(detail: string): AppError {
  return new AppError('INVALID_TRANSITION', detail)
}
