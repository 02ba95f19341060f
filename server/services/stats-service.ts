import { AppError } from '../../shared/errors'
import type { FleetLoad, InstanceStats, NodeStats } from '../../shared/schemas/usage'
import type { InstanceStore } from '../ports'
import type { NodeDirectory } from './node-directory'
import type { StatsBoard } from './stats-board'

/** Statistics as pages and scripts ask for them. NOT_FOUND for what does not exist. */
export interface StatsService {
  instance(id: string): Promise<InstanceStats>
  node(id: string): NodeStats
  /** For a page of a list; ids that nobody knows are left out. */
  loads(ids: readonly string[]): FleetLoad
}

export function createStatsService(deps: {
  board: StatsBoard
  instances: Pick<InstanceStore, 'nodeOf'>
  directory: Pick<NodeDirectory, 'get'>
}): StatsService {
  const { board, instances, directory } = deps
  return {
    async instance(id) {
      if ((await instances.nodeOf(id)) === undefined)
        throw new AppError('NOT_FOUND', `There is no server with the id ${id}.`)
      return board.instance(id)
    },
    node: id => board.node(directory.get(id).id),
    loads: ids => ({
      items: [...new Set(ids)].flatMap(id => {
        const { load, ownFiles } = board.present(id)
        return load || ownFiles ? [{ id, load, ownFiles }] : []
      }),
    }),
  }
}
