import { AppError } from '../../shared/errors'
import { failpoint } from '../failpoint'
import type { InstanceActor } from './instance-actor'
import type { Step } from './next-step'
import { lookStep } from './look-step'
import { prepareStep } from './prepare-step'
import { startStep } from './start-step'

type Act = (actor: InstanceActor) => Promise<void>

/** How each step is carried out. Each leaves the record so that the next step is another one. */
export const STEPS: Record<Exclude<Step['kind'], 'rest'>, Act> = {
  look: lookStep,
  prepare: prepareStep,
  start: startStep,
  dropProof: dropProofStep,
  ask: askStep,
  signal: signalStep,
  kill: killStep,
  settle: settleStep,
  clean: cleanStep,
  destroy: destroyStep,
}

async function askStep(actor: InstanceActor): Promise<void> {
  const { record, context } = actor
  const isFrozen = record.reason?.code === 'PAUSED'
  const asked = record.stop ?? { askedAt: context.now(), step: 'asked' as const }
  if (!record.stop)
    await actor.tell({ state: 'STOPPING', cause: 'command', actor: 'system', reason: null, stop: asked })
  actor.wasAsked = true
  if (record.stopNow) return
  await failpoint('stop.beforeInput')
  const { input } = record.spec.runtime.stop
  const isTaken = input !== undefined && !isFrozen && (await sendInput(actor, input))
  if (!isTaken) await signalStep(actor)
  await failpoint('stop.afterInput')
}

/** False when nobody reads it. */
async function sendInput(actor: InstanceActor, line: string): Promise<boolean> {
  try {
    await actor.runtime.input(actor.ref, line)
    return true
  } catch (error) {
    if (error instanceof AppError && error.code === 'INSTANCE_NOT_RUNNING') return false
    throw error
  }
}

async function signalStep(actor: InstanceActor): Promise<void> {
  const { record } = actor
  if (!(await actor.runtime.signal(actor.ref, record.spec.runtime.stop.signal))) actor.isLookDue = true
  if (record.stop) await actor.change({ stop: { ...record.stop, step: 'signalled' } })
}

async function killStep(actor: InstanceActor): Promise<void> {
  const { record } = actor
  if (!(await actor.runtime.signal(actor.ref, 'SIGKILL'))) actor.isLookDue = true
  if (record.stop) await actor.change({ stop: { ...record.stop, step: 'killed' } })
  await failpoint('stop.afterKill')
}

/** Stopped while it waited for its next start, or before it was laid out: what came of that is given back. */
async function settleStep(actor: InstanceActor): Promise<void> {
  await actor.tell({
    state: 'STOPPED',
    cause: 'command',
    actor: 'system',
    reason: null,
    stop: null,
    restartAt: null,
    run: null,
    prepareDue: false,
    cleanupDue: actor.record.home ? 'all' : 'none',
  })
}

async function dropProofStep(actor: InstanceActor): Promise<void> {
  await actor.runtime.remove(actor.record.instanceId)
  await actor.change({ proof: null })
}

async function cleanStep(actor: InstanceActor): Promise<void> {
  const { record, context } = actor
  await failpoint('clean.before')
  if (record.cleanupDue === 'all') {
    await actor.runtime.discard(record.instanceId)
    await failpoint('clean.half')
    await context.preparer.release(record.instanceId)
  } else {
    await actor.runtime.remove(record.instanceId)
  }
  await actor.change({ cleanupDue: 'none' })
}

async function destroyStep(actor: InstanceActor): Promise<void> {
  const { record, context } = actor
  if (record.state !== 'DESTROYED') await destroyAll(actor)
  await failpoint('destroy.beforeRemove')
  await context.store.remove(record.instanceId)
  actor.isClosed = true
}

async function destroyAll(actor: InstanceActor): Promise<void> {
  const { record, context } = actor
  const { instanceId } = record
  if (record.state !== 'DESTROYING')
    await actor.tell({ state: 'DESTROYING', cause: 'command', actor: 'system', reason: null })
  await failpoint('destroy.beforeRuntime')
  // Without a home nothing was ever created, and an engine that is away must not keep it alive.
  if (record.home) await actor.runtime.discard(instanceId)
  await actor.attendant?.leave()
  await failpoint('destroy.half')
  await context.preparer.discard(instanceId)
  await context.consoles.remove(instanceId)
  await failpoint('destroy.beforeForget')
  // Told before it is forgotten: a report that no longer names it says the same to a brain that missed this.
  await actor.tell({ state: 'DESTROYED', cause: 'command', actor: 'system', reason: null, run: null })
}
