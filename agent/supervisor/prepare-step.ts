import { POLICY } from '../../shared/domain/policy'
import { isAppError } from '../../shared/errors'
import { diskError } from '../disk-error'
import { RunAlive } from '../runtime/container-runtime'
import type { InstanceActor } from './instance-actor'
import { prepareInstance } from './prepare-instance'

/** Bytes change all the time; pages do not need them more often. */
const PROGRESS_EVERY_MS = 250

/** Begins to prepare, beside the queue: it takes minutes, and a newer wish must be able to end it. */
export async function prepareStep(actor: InstanceActor): Promise<void> {
  const { record, context } = actor
  const job = new AbortController()
  actor.job = job
  const preparing = prepareInstance(
    {
      spec: record.spec,
      generation: record.layoutGeneration,
      home: record.home,
      devMode: context.devMode(),
      signal: job.signal,
      onProgress: thinnedProgress(actor, record.layoutGeneration),
      onWait: reason =>
        void actor.enqueue(() => (job.signal.aborted ? Promise.resolve() : actor.note(reason, 'engine'))),
      registryLogin: registry => context.registryLogin(record.instanceId, registry),
      onHome: home => actor.change({ home }),
    },
    context,
  )
  void preparing.then(
    prepared => ended(actor, job, () => prepareDone(actor, prepared)),
    (error: unknown) => ended(actor, job, () => prepareFailed(actor, error)),
  )
}

function ended(actor: InstanceActor, job: AbortController, act: () => Promise<void>): void {
  void actor.enqueue(async () => {
    actor.job = null
    // Replaced by a newer wish, which is written down: what this one came to does not matter any more.
    if (!job.signal.aborted) await act()
    actor.wake()
  })
}

async function prepareDone(
  actor: InstanceActor,
  { prepared, runId }: Awaited<ReturnType<typeof prepareInstance>>,
): Promise<void> {
  const { home } = actor.record
  const until = actor.context.now() + POLICY.prepare.proofKeptMs
  await actor.tell({
    state: 'PREPARED',
    cause: 'command',
    actor: 'system',
    reason: null,
    prepareDue: false,
    prepared,
    proof: { runId, until },
    home: home && { ...home, isProven: true },
  })
}

async function prepareFailed(actor: InstanceActor, thrown: unknown): Promise<void> {
  const error = diskError(thrown, 'preparing a server')
  if (!isAppError(error))
    actor.context.log.error(
      { err: error, instanceId: actor.record.instanceId },
      'Preparing a server failed unexpectedly',
    )
  const reason = isAppError(error)
    ? { code: error.code, message: error.detail }
    : {
        code: 'PREPARE_FAILED',
        message: `Preparing failed unexpectedly: ${error instanceof Error ? error.message : String(error)} The agent's log has more.`,
      }
  await actor.tell({
    state: 'FAILED',
    cause: 'error',
    actor: 'system',
    reason,
    prepareDue: false,
    wanted: actor.wantedAfter('stopped'),
    cleanupDue: actor.record.home && !(error instanceof RunAlive) ? 'all' : 'none',
  })
}

function thinnedProgress(actor: InstanceActor, generation: number) {
  let toldAt = 0
  let told = ''
  return (progress: {
    step: 'image' | 'fetch' | 'unpack' | 'render' | 'mount'
    doneBytes: number
    totalBytes: number | null
  }) => {
    const now = performance.now()
    // How much there is to come is told as soon as it is known: a quick pull would be over before.
    const kind = `${progress.step} ${progress.totalBytes === null}`
    if (kind === told && now - toldAt < PROGRESS_EVERY_MS) return
    toldAt = now
    told = kind
    actor.context.news.progress({ instanceId: actor.record.instanceId, generation, ...progress })
  }
}
