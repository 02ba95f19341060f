import type { Clock, InstanceStore, NodeStore, ScopeVariableStore, SecretBox } from '../ports'
import { createInstancePresenter } from './instance-presenter'
import { createNodeDirectory } from './node-directory'
import { createNodeLive } from './node-live'
import { createNodeUsageBoard } from './node-usage-board'
import { createProgressBoard } from './progress-board'
import { createHideSecrets } from './secret-words'
import { createSentCommands } from './sent-commands'
import { createStatsBoard } from './stats-board'
import { createVariableService } from './variable-service'
import { createWishTrace } from './wish-trace'

export type FleetKnowledge = ReturnType<typeof createFleetKnowledge>

/** What the brain knows of nodes and instances in memory. `load` reads what outlives it; the rest begins anew with each start. */
export function createFleetKnowledge(deps: {
  instances: InstanceStore
  nodes: NodeStore
  variables: ScopeVariableStore
  secrets: SecretBox
  clock: Clock
}) {
  const { clock, secrets } = deps
  const directory = createNodeDirectory(deps.nodes)
  const live = createNodeLive({ directory, clock })
  const progress = createProgressBoard(clock)
  const sent = createSentCommands(clock)
  const board = createStatsBoard(clock)
  const trace = createWishTrace()
  const usage = createNodeUsageBoard(deps.instances)
  const variables = createVariableService({ store: deps.variables, directory, secrets, clock })
  return {
    directory,
    live,
    progress,
    sent,
    board,
    trace,
    usage,
    variables,
    hideSecrets: createHideSecrets({ secrets, variables }),
    presenter: createInstancePresenter({ directory, live, progress }),

    async load(): Promise<void> {
      await directory.load()
      await usage.load()
      await variables.load()
    },

    forgetNode(id: string): void {
      variables.forgetNode(id)
      board.forgetNode(id)
    },

    forgetInstance(id: string): void {
      sent.forget(id)
      board.forgetInstance(id)
      trace.forget(id)
    },
  }
}
