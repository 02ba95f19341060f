import { setImmediate as nextTurn } from 'node:timers/promises'
import { POLICY } from '../../shared/domain/policy'
import type { Action, Surroundings } from '../domain/decide/actions'
import { applyMark } from '../domain/decide/apply-mark'
import { decide } from '../domain/decide/decide'
import type { Clock, InstanceRecord, InstanceStore } from '../ports'
import type { Command } from './command-sender'
import type { InstanceWriter } from './instance-writer'
import type { NodeLive } from './node-live'
import type { PlacementService } from './placement-service'
import type { ProgressBoard } from './progress-board'
import type { SentCommands } from './sent-commands'
import type { ServiceLog } from './service-log'

/** Brings what is to what is wanted, one instance at a time, for as long as it takes. */
export interface Reconciler {
  /** Something about this instance may have changed. Cheap; any number of calls during a run lead to one more run. */
  wake(instanceId: string): void
  /**
   * The node has told its whole truth. Over a new connection whatever was said to it before may be said again; over the same
   * one a command that it refuses must not come back faster than ever.
   */
  nodeReady(nodeId: string, truth: { stillHeld: readonly string[]; isNewConnection: boolean }): Promise<void>
  /** The node holds a destroyed instance, or does no longer. */
  noteHeld(instanceId: string, nodeId: string | null): void
  /** A node joined, changed or has room again: whatever waits for a place may have one now. */
  roomChanged(): void
  /** Looks at every instance that is not at rest. */
  sweep(): Promise<void>
  /** Sweeps now and from now on. */
  start(): Promise<void>
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>
}

export interface ReconcilerDeps {
  instances: Pick<InstanceStore, 'find' | 'living' | 'restless'>
  writer: Pick<InstanceWriter, 'change'>
  placement: Pick<PlacementService, 'place'>
  send: (record: InstanceRecord, nodeId: string, command: Command) => Promise<void>
  live: Pick<NodeLive, 'isReady'>
  progress: Pick<ProgressBoard, 'quietMs' | 'touch'>
  sent: SentCommands
  clock: Pick<Clock, 'now'>
  log: ServiceLog
}

/** So many wakes at once, then everybody else has a turn. */
const SWEEP_BATCH = 200

export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const { instances, writer, placement, send, live, progress, sent, clock, log } = deps
  const runs = new Map<string, { isWokenAgain: boolean; done: Promise<void> }>()
  /** Destroyed instances that their node still holds: instance → node. */
  const held = new Map<string, string>()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  function surroundings(record: InstanceRecord): Surroundings {
    return {
      isNodeReady: record.nodeId !== null && live.isReady(record.nodeId),
      isStillHeld: held.get(record.id) === record.nodeId,
      quietMs: record.state === 'PREPARING' ? progress.quietMs(record.id, record.stateSince) : 0,
      sent: sent.of(record.id),
      placeTriedMsAgo: sent.placeTriedMsAgo(record.id),
      now: clock.now(),
    }
  }

  async function carryOut(record: InstanceRecord, action: Action): Promise<void> {
    if (action.kind === 'place') {
      sent.notePlaceTried(record.id)
      await placement.place(record.id)
    } else if (action.kind === 'mark') {
      await writer.change(record.id, current =>
        current.revision === record.revision ? applyMark(current, action, clock.now()) : null,
      )
    } else if (record.nodeId !== null) {
      await send(record, record.nodeId, action)
    }
  }

  async function reconcileOnce(id: string): Promise<void> {
    const record = await instances.find(id)
    if (!record) return
    for (const action of decide(record, surroundings(record))) await carryOut(record, action)
  }

  async function run(id: string, state: { isWokenAgain: boolean }): Promise<void> {
    try {
      do {
        state.isWokenAgain = false
        await reconcileOnce(id)
      } while (state.isWokenAgain && !isStopped)
    } catch (error) {
      log.error({ err: error, instanceId: id }, 'An instance could not be reconciled; the next sweep tries again')
    } finally {
      runs.delete(id)
    }
  }

  function wake(id: string): void {
    if (isStopped) return
    const current = runs.get(id)
    if (current) {
      current.isWokenAgain = true
      return
    }
    const state = { isWokenAgain: false, done: Promise.resolve() }
    runs.set(id, state)
    state.done = run(id, state)
  }

  async function wakeAll(ids: Iterable<string>): Promise<void> {
    let count = 0
    for (const id of ids) {
      wake(id)
      if (++count % SWEEP_BATCH === 0) await nextTurn()
    }
  }

  async function sweep(): Promise<void> {
    // A node that is not ready can be told nothing; it wakes its instances when it is.
    const restless = (await instances.restless()).filter(({ nodeId }) => nodeId === null || live.isReady(nodeId))
    await wakeAll(restless.map(({ id }) => id))
    await wakeAll([...held.keys()])
  }

  function roomChanged(): void {
    if (isStopped) return
    sent.forgetPlacesTried()
    void sweepLater(
      instances.restless().then(all => wakeAll(all.flatMap(({ id, nodeId }) => (nodeId === null ? [id] : [])))),
    )
  }

  function sweepLater(sweeping: Promise<void>): Promise<void> {
    return sweeping.catch((error: unknown) =>
      log.error({ err: error }, 'A sweep over instances failed; the next one tries again'),
    )
  }

  return {
    wake,
    sweep,
    roomChanged,

    async nodeReady(nodeId, { stillHeld, isNewConnection }) {
      for (const [id, holder] of held) if (holder === nodeId) held.delete(id)
      for (const id of stillHeld) held.set(id, nodeId)
      const ids = [...(await instances.living(nodeId)).map(({ id }) => id), ...stillHeld]
      if (isNewConnection) {
        for (const id of ids) {
          sent.forget(id)
          progress.touch(id)
        }
        roomChanged()
      }
      await wakeAll(ids)
    },

    noteHeld(instanceId, nodeId) {
      if (nodeId === null) held.delete(instanceId)
      else held.set(instanceId, nodeId)
      wake(instanceId)
    },

    async start() {
      await sweep()
      timer = setInterval(() => {
        sweep().catch((error: unknown) =>
          log.error({ err: error }, 'The sweep over instances failed; the next one tries again'),
        )
      }, POLICY.reconcile.sweepMs).unref()
    },

    async stop() {
      isStopped = true
      clearInterval(timer)
      await Promise.all([...runs.values()].map(({ done }) => done))
    },
  }
}
