import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TRANSITIONS } from '../../../../../shared/domain/instance-state'
import type { InstanceState } from '../../../../../shared/domain/instance-state'
import type { Observation } from '../../../../../shared/protocol/agent'
import type { InstanceRecord } from '../../../../../server/domain/instance-record'
import { applyObservation } from '../../../../../server/domain/observation/apply-observation'
import { makeObservation, makeRecord } from '../../../../factories/instance-record'

/** `npm run test:nightly` asks for 10,000. */
const RUNS = Number(process.env.STRATA_PROPERTY_RUNS ?? 500)

/** The life of an instance on its node: each choice picks one of the steps that the table allows. */
function live(choices: readonly number[]): Observation[] {
  let state: InstanceState = 'REQUESTED'
  let generation = 0
  let run = 0
  return choices.flatMap((choice, index): Observation[] => {
    // Nobody wished to destroy it.
    const next: InstanceState[] = TRANSITIONS[state].filter(to => to !== 'DESTROYING')
    const to = next[choice % next.length]
    if (to === undefined || to === 'REQUESTED') return []
    state = to
    if (state === 'PREPARING') generation++
    if (state === 'STARTING') run++
    return [makeObservation({ seq: index + 1, state, generation, runId: run === 0 ? null : `run-${run}` })]
  })
}

function deliver(record: InstanceRecord, observations: readonly Observation[]): InstanceRecord {
  return observations.reduce(
    (current, observation) => ({ ...current, ...applyObservation(current, observation, 1)?.change }),
    record,
  )
}

const fresh = () =>
  makeRecord({ state: 'REQUESTED', appliedGeneration: null, generation: 1_000, startGeneration: 1_000 })
const whatCounts = ({ state, appliedGeneration, observed }: InstanceRecord) => ({ state, appliedGeneration, observed })

it('ends where the node is, whatever is lost, doubled or out of order, once the last word has come', () => {
  const channel = fc.record({
    choices: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 30 }),
    // For each delivery: which observation, as a share of all.
    deliveries: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 60 }),
  })
  fc.assert(
    fc.property(channel, ({ choices, deliveries }) => {
      const told = live(choices)
      const last = told.at(-1)
      if (!last) return
      const disturbed = deliveries.flatMap(share => told[Math.floor(share * told.length)] ?? [])
      const inOrder = deliver(fresh(), told)
      const survived = deliver(fresh(), [...disturbed, last, ...disturbed])
      expect(whatCounts(survived)).toEqual(whatCounts(inOrder))
      expect(survived.state).toBe(last.state)
    }),
    { numRuns: RUNS },
  )
}, 120_000)

it('changes nothing when everything is told again', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { minLength: 1, maxLength: 30 }), choices => {
      const told = live(choices)
      const once = deliver(fresh(), told)
      for (const observation of told) expect(applyObservation(once, observation, 2)).toBeNull()
    }),
    { numRuns: RUNS },
  )
}, 120_000)
