import fc from 'fast-check'
import { expect, it } from 'vitest'
import { mayHaveProcess } from '../../../../../shared/domain/instance-state'
import { POLICY } from '../../../../../shared/domain/policy'
import type { Observation } from '../../../../../shared/protocol/agent'
import { decide } from '../../../../../server/domain/decide/decide'
import type { Action, CommandKind, SentCommand } from '../../../../../server/domain/decide/actions'
import { applyMark } from '../../../../../server/domain/decide/apply-mark'
import type { InstanceRecord } from '../../../../../server/domain/instance-record'
import { applyObservation } from '../../../../../server/domain/observation/apply-observation'
import { forgetHeld } from '../../../../../server/domain/observation/forget-held'
import * as wishes from '../../../../../server/domain/wishes/lifecycle'
import { makeObservation, makeRecord, USER } from '../../../../factories/instance-record'

const RUNS = Number(process.env.STRATA_PROPERTY_RUNS ?? 500)

/** A node as simple as can be: it accepts a command, then takes one step at a time, and remembers what it told. */
class SimulatedNode {
  held: Observation | null = null
  #steps: Partial<Observation>[] = []
  #seq = 0
  #run = 0

  /** False: what is there does not allow it. */
  accept(kind: CommandKind, generation: number): boolean {
    const state = this.held?.state
    if (kind === 'prepare') {
      if (state && mayHaveProcess(state)) return false
      // Written down before it is acknowledged, so a report names it from now on.
      this.held = { ...makeObservation(), ...this.held, state: 'PREPARING', generation, seq: ++this.#seq }
      this.#steps = [{ state: 'PREPARING' }, { state: 'PREPARED' }]
    } else if (kind === 'destroy') {
      this.#steps =
        state === 'DESTROYING' ? [{ state: 'DESTROYED' }] : [{ state: 'DESTROYING' }, { state: 'DESTROYED' }]
    } else if (kind === 'start') {
      if (state !== 'PREPARED') return state !== undefined && mayHaveProcess(state)
      this.#steps = [{ state: 'STARTING', runId: `run-${++this.#run}` }, { state: 'RUNNING' }]
    } else if (state === 'PREPARING') {
      this.#steps = [{ state: 'STOPPED' }]
    } else if (state && mayHaveProcess(state)) {
      this.#steps = state === 'STOPPING' ? [{ state: 'STOPPED' }] : [{ state: 'STOPPING' }, { state: 'STOPPED' }]
    }
    return true
  }

  /** The next thing that happens on the node, if any. */
  step(): Observation | null {
    const next = this.#steps.shift()
    if (!next) return null
    this.held = { ...makeObservation(), ...this.held, ...next, seq: ++this.#seq }
    const told = this.held
    if (told.state === 'DESTROYED') this.held = null
    return told
  }
}

type Move = 'deliver' | 'lose' | 'reconnect' | 'disconnect' | 'forget' | keyof typeof PRESSES
const PRESSES = {
  start: wishes.wishStart,
  stop: wishes.wishStop,
  restart: wishes.wishRestart,
  retry: wishes.wishRetry,
  kill: wishes.wishKill,
  destroy: wishes.wishDestroy,
}

class World {
  record: InstanceRecord = makeRecord({ state: 'REQUESTED', appliedGeneration: null })
  node = new SimulatedNode()
  isNodeReady = true
  now = 0
  sent: SentCommand | null = null
  commands: CommandKind[] = []

  change(made: { change: Partial<InstanceRecord> } | null): void {
    const before = this.record
    this.record = { ...before, ...made?.change }
    // Every state the brain writes is one that the table knows a way to; only a wish destroys.
    if (this.record.state === 'DESTROYED') expect(this.record.desired).toBe('destroyed')
  }

  press(name: keyof typeof PRESSES): void {
    try {
      this.change(PRESSES[name](this.record, USER))
    } catch (error) {
      // A definite answer all the same.
      expect(String(error)).toMatch(/INVALID_TRANSITION|INSTANCE_DESTROYED/)
    }
  }

  reconcile(): void {
    const around = { isNodeReady: this.isNodeReady, isStillHeld: false, quietMs: 0, placeTriedMsAgo: null }
    for (const action of decide(this.record, { ...around, sent: this.sent, now: this.now })) this.carryOut(action)
  }

  carryOut(action: Action): void {
    expect(this.isNodeReady).toBe(true)
    if (action.kind === 'place') throw new Error('it has a node')
    if (action.kind === 'mark') return this.change(applyMark(this.record, action, this.now))
    if (action.kind === 'destroy') expect(this.record.desired).toBe('destroyed')
    this.commands.push(action.kind)
    this.sent = { kind: action.kind, generation: action.generation, stateSince: this.record.stateSince, sinceMs: 0 }
    // A refusal makes the brain ask for the whole truth, over the same connection.
    if (!this.node.accept(action.kind, action.generation)) this.takeReport()
  }

  /** The whole truth over a new connection. */
  reconnect(): void {
    this.isNodeReady = true
    this.sent = null
    this.takeReport()
  }

  takeReport(): void {
    const { held } = this.node
    this.change(held ? applyObservation(this.record, held, this.now) : forgetHeld(this.record, this.now))
  }

  move(move: Move): void {
    this.now++
    if (this.sent) this.sent.sinceMs++
    if (move === 'disconnect') this.isNodeReady = false
    else if (move === 'reconnect') this.reconnect()
    else if (move === 'forget') {
      // A new disk in an old machine: it can only be while the node is away.
      if (!this.isNodeReady) this.node = new SimulatedNode()
    } else if (move === 'deliver' || move === 'lose') {
      const told = this.node.step()
      if (told && move === 'deliver' && this.isNodeReady) {
        this.change(applyObservation(this.record, told, this.now))
      }
    } else this.press(move)
    this.reconcile()
  }

  /** Nobody presses anything any more, and the line is good. */
  settle(): void {
    this.reconnect()
    for (let turn = 0; turn < 40; turn++) {
      this.now += POLICY.channel.resendMs
      if (this.sent) this.sent.sinceMs += POLICY.channel.resendMs
      this.reconcile()
      const told = this.node.step()
      if (told) this.change(applyObservation(this.record, told, this.now))
    }
    this.reconnect()
  }
}

const moves = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Move>('deliver') },
    { weight: 1, arbitrary: fc.constantFrom<Move>('lose', 'reconnect', 'disconnect', 'forget') },
    { weight: 2, arbitrary: fc.constantFrom<Move>('start', 'stop', 'restart', 'retry', 'kill') },
    { weight: 1, arbitrary: fc.constantFrom<Move>('start', 'stop', 'restart', 'destroy') },
  ),
  { maxLength: 50 },
)

it('reaches what is wanted, whatever was pressed and whatever the line did', () => {
  fc.assert(
    fc.property(moves, list => {
      const world = new World()
      for (const move of list) world.move(move)
      world.settle()
      const { state, desired, appliedGeneration, startGeneration } = world.record
      if (desired === 'running') {
        expect(state).toBe('RUNNING')
        expect(appliedGeneration).toBeGreaterThanOrEqual(startGeneration)
      }
      if (desired === 'stopped') expect(['PREPARED', 'STOPPED']).toContain(state)
      if (desired === 'destroyed') {
        expect(state).toBe('DESTROYED')
        expect(world.node.held).toBeNull()
      } else {
        if (world.node.held) expect(world.node.held.state).toBe(state)
        else expect(world.record.reason?.code).toBe('NOT_HELD')
        expect(world.commands).not.toContain('destroy')
      }
    }),
    { numRuns: RUNS },
  )
}, 120_000)

it('has one effect for fifty presses', () => {
  for (const name of ['start', 'stop', 'restart', 'kill', 'destroy'] as const) {
    const world = new World()
    for (const move of ['deliver', 'deliver', 'deliver', 'deliver', 'deliver'] as const) world.move(move)
    expect(world.record.state).toBe('RUNNING')
    const before = world.commands.length
    for (let press = 0; press < 50; press++) world.move(name)
    expect(world.commands.length - before, name).toBeLessThanOrEqual(1)
  }
})
