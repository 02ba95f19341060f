import { AppError } from '../../shared/errors'
import type { ErrorCode } from '../../shared/errors'
import { failpoint } from '../failpoint'
import { PortTaken, RunAlive } from '../runtime/container-runtime'
import { attend } from './attend'
import type { InstanceActor } from './instance-actor'
import { newRunId } from './run-id'
import { runSpecOf } from './run-spec'

/** Errors that the same start would meet again. */
const FINAL: readonly ErrorCode[] = ['PORT_TAKEN', 'START_FAILED', 'LAYOUT_FAILED', 'IMAGE_MISSING', 'CONFLICT']

/** Creates and starts the next run, or goes on where an agent that was killed left off. */
export async function startStep(actor: InstanceActor): Promise<void> {
  const { record, context } = actor
  const { prepared, home } = record
  if (!prepared || !home)
    return failed(actor, new AppError('START_FAILED', 'The server is not laid out any more; start it again.'))
  const isFirst = record.state === 'PREPARED'
  const run = record.run ?? {
    phase: 'creating' as const,
    startedAt: null,
    readyAt: null,
    bootId: context.bootId,
    sawOutage: false,
  }
  // After a refusal of the engine: that is said already, and stays said until a start works.
  const isRepeat = !isFirst && record.cause === 'error'
  const cause = isFirst ? 'command' : 'restart'
  if (!record.run) {
    const begun = { takenPort: null, restartAt: null, proof: null, run, stop: null }
    const runId = record.proof?.runId ?? newRunId()
    if (isRepeat) await actor.change({ ...begun, runId })
    else await actor.tell({ state: 'STARTING', cause, actor: 'system', reason: null, ...begun, runId })
  }
  const spec = runSpecOf(
    record.spec,
    prepared,
    { ...actor.ref, generation: record.layoutGeneration, runtime: home.runtime },
    context.binds,
  )
  // An agent that does not know of a run would take its container for a stranger's.
  if (!actor.isWritten) await actor.written()
  try {
    await failpoint('start.beforeCreate')
    await actor.runtime.create(spec)
    await failpoint('start.afterCreate')
    const { startedAt } = await actor.runtime.start(spec)
    await failpoint('start.beforeReport')
    await actor.tell({ run: { ...run, phase: 'started', startedAt }, reason: null, ...(isRepeat ? { cause } : {}) })
  } catch (error) {
    return startFailed(actor, error)
  }
  // It may have ended already: then the look finds that.
  actor.isLookDue = true
  await attend(actor)
}

async function startFailed(actor: InstanceActor, error: unknown): Promise<void> {
  if (!(error instanceof AppError) || error.code === 'ENGINE_UNAVAILABLE' || error.code === 'NOT_FOUND') throw error
  if (FINAL.includes(error.code)) return failed(actor, error)
  // The server had no part in it: no crash is counted, and whatever its restart policy says, it never ran.
  const waitMs = actor.context.restart.afterEngineMs
  // Whether it was started is not known: the next try looks first.
  actor.isLookDue = true
  const reason = {
    code: error.code,
    message: `${error.detail} That is not the server's doing: its start is tried again every ${waitMs / 1_000} s until it works or somebody stops it.`,
  }
  const again = { run: null, restartAt: actor.context.now() + waitMs, cleanupDue: 'run' as const }
  // Said once, however often it is tried.
  if (actor.record.cause === 'error' && actor.record.reason?.message === reason.message) return actor.change(again)
  await actor.tell({ cause: 'error', actor: 'system', reason, ...again })
}

async function failed(actor: InstanceActor, error: AppError): Promise<void> {
  const takenPort = error instanceof PortTaken ? error.port : null
  const reason = { code: error.code, message: error.detail }
  await actor.tell({
    state: 'FAILED',
    cause: 'error',
    actor: 'system',
    reason,
    takenPort,
    wanted: actor.wantedAfter('stopped'),
    run: null,
    restartAt: null,
    cleanupDue: error instanceof RunAlive ? 'none' : 'all',
  })
}
