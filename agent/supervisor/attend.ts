import { POLICY } from '../../shared/domain/policy'
import type { InstanceActor } from './instance-actor'
import { RunAttendant } from './run-attendant'
import { listenPort } from './run-spec'

/** Longest time a timer of Node can wait. */
const TIMER_LIMIT_MS = 2 ** 31 - 1

/** Somebody stands by the living run: reads its output, notices that it is ready, that it is late, that it went well. Again: nothing changes. */
export async function attend(actor: InstanceActor): Promise<void> {
  const { record, context } = actor
  if (actor.attendant || !record.run || record.runId === null) return
  const { instanceId, runId } = record
  const console = await context.consoles.open(instanceId, runId)
  const { ready } = record.spec.runtime
  const port = record.spec.ports.find(candidate => candidate.name === (ready.tcp ?? ready.http))
  actor.attendant = new RunAttendant({
    runtime: actor.runtime,
    run: { instanceId, runId },
    console,
    ready,
    readyPort: port ? listenPort(port, actor.runtime.kind) : null,
    events: {
      lines: lines => (actor.isWatched ? actor.feed.push(runId, lines) : undefined),
      stats: sample => context.news.stats({ instanceId, ...sample }),
      ready: () => void actor.enqueue(() => becameReady(actor, runId)),
      outputEnded: () => actor.look(),
      warn: (message, error) => context.log.warn({ err: error, instanceId, runId }, message),
    },
  })
  actor.attendant.watch(actor.isWatched)
  if (record.state === 'STARTING') {
    actor.attendant.awaitReady()
    const limitMs = (ready.timeoutSeconds ?? POLICY.ready.timeoutSeconds) * 1_000
    after(actor, runId, limitMs - sinceStart(actor), () => overdue(actor, limitMs))
  }
  if (record.run.readyAt !== null) awaitHealth(actor, runId, record.run.readyAt)
}

async function becameReady(actor: InstanceActor, runId: string): Promise<void> {
  const { record, context } = actor
  if (record.runId !== runId || !record.run || record.state !== 'STARTING' || record.wanted !== 'running') return
  const readyAt = context.now()
  const { log, tcp, http } = record.spec.runtime.ready
  await actor.tell({
    state: 'RUNNING',
    cause: 'ready',
    actor: log || tcp || http ? 'server' : 'system',
    reason: null,
    run: { ...record.run, readyAt },
  })
  awaitHealth(actor, runId, readyAt)
}

async function overdue(actor: InstanceActor, limitMs: number): Promise<void> {
  if (actor.record.state !== 'STARTING') return
  const message = `The server did not say that it is ready within ${limitMs / 1_000} s. It is left alone, because some servers are slow. Read its console; stop or kill it if it hangs.`
  await actor.note({ code: 'OVERDUE', message }, 'overdue')
}

/** A server that ran well for ten minutes starts its count anew. */
function awaitHealth(actor: InstanceActor, runId: string, readyAt: number): void {
  after(actor, runId, actor.context.restart.healthyAfterMs - (actor.context.now() - readyAt), async () => {
    if (actor.record.crashes > 0) await actor.tell({ crashes: 0, cause: 'healthy', actor: 'server' })
  })
}

function sinceStart({ record, context }: InstanceActor): number {
  return context.now() - (record.run?.startedAt ?? context.now())
}

function after(actor: InstanceActor, runId: string, ms: number, act: () => Promise<void>): void {
  const due = () =>
    void actor.enqueue(async () => (actor.record.run && actor.record.runId === runId ? act() : undefined))
  setTimeout(due, Math.min(TIMER_LIMIT_MS, Math.max(0, ms))).unref()
}
