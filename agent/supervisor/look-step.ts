import { isDeepStrictEqual } from 'node:util'
import type { InstanceRecord } from '../record'
import type { ExitInfo, RunStatus } from '../runtime/container-runtime'
import { failpoint } from '../failpoint'
import { attend } from './attend'
import type { InstanceActor } from './instance-actor'
import { judgeExit } from './judge-exit'
import type { Circumstance } from './judge-exit'

const LAST_LINES = 20
const LAST_LINES_BYTES = 8 * 1024
/** Causes of reasons that are over when the run is found alive. */
const TRANSIENT = new Set(['engine', 'error', 'paused'])

type Run = NonNullable<InstanceRecord['run']>

/** Asks the runtime what became of the run, and takes over what it says. */
export async function lookStep(actor: InstanceActor): Promise<void> {
  const { record } = actor
  const { run } = record
  if (!run) return
  // Before the question: what happens while it is answered must be looked at again.
  actor.isLookDue = false
  let status: RunStatus | null
  try {
    status = await actor.runtime.look(record.instanceId)
  } catch (error) {
    actor.isLookDue = true
    throw error
  }
  const mine = status?.runId === record.runId ? status : null
  if (mine?.state === 'running' || mine?.state === 'paused') return foundAlive(actor, run, mine)
  if (mine?.state === 'exited') return foundEnded(actor, run, mine.exit ?? unknownExit(), true)
  if (run.phase === 'started') return foundEnded(actor, run, unknownExit(), false)
  // Not started yet. When it is wanted no more, it never will be.
  if (record.wanted !== 'running') await actor.change({ run: null, cleanupDue: 'run' })
}

async function foundAlive(actor: InstanceActor, run: Run, status: RunStatus): Promise<void> {
  const { record } = actor
  const found: Run = { ...run, phase: 'started', startedAt: status.startedAt, sawOutage: false }
  if (!isDeepStrictEqual(run, found)) await actor.change({ run: found })
  if (status.state === 'paused') {
    await actor.note(
      {
        code: 'PAUSED',
        message:
          'The server was frozen by hand, outside of Strata, and answers nobody. Thaw it there (docker unpause), or stop it here.',
      },
      'paused',
    )
  } else if (record.reason && TRANSIENT.has(record.cause)) {
    await actor.note(null, 'adopted')
  }
  await attend(actor)
}

async function foundEnded(actor: InstanceActor, run: Run, exit: ExitInfo, hasOutput: boolean): Promise<void> {
  const { record, context } = actor
  if (hasOutput) await attend(actor)
  await (hasOutput ? actor.attendant?.drain() : actor.attendant?.leave())
  actor.attendant = null
  const ranWell = run.readyAt !== null && exit.at - run.readyAt >= context.restart.healthyAfterMs
  // Asked for, but the server was quicker than the asking.
  const stop = record.stop ?? (record.wanted === 'running' ? null : { askedAt: context.now(), step: 'asked' as const })
  const verdict = judgeExit(
    {
      exit,
      circumstance: circumstanceOf(run, context.bootId),
      stop,
      stopNow: record.stopNow,
      runtime: record.spec.runtime,
      crashes: ranWell ? 0 : record.crashes,
    },
    context.restart,
  )
  await failpoint('exit.beforeRecord')
  const isAgain = verdict.to === 'STARTING'
  await actor.tell({
    state: verdict.to,
    cause: verdict.cause,
    actor: verdict.actor,
    reason: verdict.reason,
    crashes: verdict.crashes,
    exit,
    lastLines: await lastLines(actor),
    run: null,
    stop: null,
    wanted: isAgain ? record.wanted : actor.wantedAfter('stopped'),
    restartAt: verdict.restartInMs === null ? null : context.now() + verdict.restartInMs,
    cleanupDue: isAgain ? 'run' : 'all',
  })
  await failpoint('exit.afterRecord')
  actor.wasAsked = false
}

function circumstanceOf(run: Run, bootId: string): Circumstance {
  if (run.bootId !== bootId) return 'machine'
  return run.sawOutage ? 'engine' : 'none'
}

function unknownExit(): ExitInfo {
  return { code: null, signal: null, outOfMemory: false, at: Date.now() }
}

async function lastLines({ record, context }: InstanceActor): Promise<string[]> {
  const console = record.runId === null ? null : await context.consoles.find(record.instanceId, record.runId)
  return console ? (await console.read(LAST_LINES, LAST_LINES_BYTES)).lines.map(line => line.text) : []
}
