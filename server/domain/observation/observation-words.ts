import { INSTANCE_STATES } from '../../../shared/domain/instance-state'
import type { InstanceState } from '../../../shared/domain/instance-state'
import type { Observation } from '../../../shared/protocol/agent'

/** What a step means, where its state alone would leave open why it was entered. */
const STEP_WORDS: Record<InstanceState, string> = { ...INSTANCE_STATES, STARTING: 'Started, and not ready yet.' }

/**
 * The sentence of a transition event: what the node said, if that is news, else what the state means; and what was
 * not seen.
 *
 * @param path the states on the way, the last one reached; empty for something new in the same state
 * @param known what is said beside the state already, such as that nothing isolates this server
 */
export function transitionWords(
  observation: Observation,
  path: readonly InstanceState[],
  known: string | undefined,
): string {
  const { reason } = observation
  const news = reason && reason.message !== known ? reason.message : null
  const said = news ?? exitWords(observation) ?? STEP_WORDS[observation.state]
  const unseen = path.slice(0, -1)
  if (unseen.length > 0) return `${said} The steps between (${unseen.join(', ')}) happened unseen.`
  const isUnseenLife = path.length === 0 && observation.state !== 'STARTING' && observation.state !== 'PREPARING'
  return isUnseenLife ? `${said} It left this state and came back unseen.` : said
}

function exitWords({ state, exit, actor }: Observation): string | null {
  if (state !== 'STOPPED' || !exit) return null
  const how = exit.outOfMemory
    ? 'was ended because it ran out of memory'
    : exit.signal
      ? `was ended by ${exit.signal}`
      : `ended with exit code ${exit.code ?? 'unknown'}`
  return actor === 'server' ? `The server ${how} by itself.` : `The server ${how}.`
}
