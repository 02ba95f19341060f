import type { Candidate } from '../domain/placement/candidate'
import { emptiness } from '../domain/placement/rank'
import { effectiveSpecs } from '../domain/effective-specs'
import type { NodeRecord, NodeUsage } from '../ports'
import type { NodeDirectory } from './node-directory'
import type { NodeLive } from './node-live'
import type { NodeUsageBoard } from './node-usage-board'

export interface NodeRanking {
  /** All nodes, the emptiest first, equally empty ones by name: the order in which they are asked. */
  emptiestFirst(): Iterable<Candidate>
  /** The first few by name. */
  byName(limit: number): Candidate[]
  all(): Candidate[]
}

interface Place {
  record: NodeRecord
  usage: NodeUsage
  score: number
}

/**
 * Keeps the order of nodes from one placement to the next: how empty a node is does not depend on what is to be placed, and
 * one placement changes one node. What changes by itself (contact, load) is looked at only when a node's turn comes.
 */
export function createNodeRanking(deps: {
  directory: Pick<NodeDirectory, 'list'>
  live: Pick<NodeLive, 'of' | 'contact'>
  usage: Pick<NodeUsageBoard, 'of'>
}): NodeRanking {
  const { directory, live, usage } = deps
  let places: Place[] = []
  const known = new Map<string, Place>()

  function refresh(): void {
    const records = directory.list()
    let isChanged = records.length !== places.length
    for (const record of records) {
      const held = usage.of(record.id)
      const place = known.get(record.id)
      if (place?.record === record && (place.usage === held || isSame(place.usage, held))) continue
      known.set(record.id, { record, usage: held, score: emptiness({ specs: effectiveSpecs(record), usage: held }) })
      isChanged = true
    }
    if (!isChanged) return
    places = records.flatMap(({ id }) => known.get(id) ?? []).sort(byScore)
    if (known.size > places.length)
      for (const id of known.keys()) if (!records.some(it => it.id === id)) known.delete(id)
  }

  function* emptiestFirst(): Iterable<Candidate> {
    refresh()
    for (const { record, usage: held } of places) yield candidateOf(record, held, live)
  }

  return {
    emptiestFirst,
    all: () => [...emptiestFirst()],
    byName(limit) {
      const first = directory
        .list()
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .slice(0, limit)
      return first.map(record => candidateOf(record, usage.of(record.id), live))
    },
  }
}

function byScore(a: Place, b: Place): number {
  return b.score - a.score || (a.record.name < b.record.name ? -1 : 1)
}

function isSame(a: NodeUsage, b: NodeUsage): boolean {
  return a.total === b.total && a.memoryMb === b.memoryMb && a.cpus === b.cpus && a.diskMb === b.diskMb
}

function candidateOf(node: NodeRecord, usage: NodeUsage, live: Pick<NodeLive, 'of' | 'contact'>): Candidate {
  const { isReady, load, engine } = live.of(node.id)
  const specs = effectiveSpecs(node)
  return {
    id: node.id,
    name: node.name,
    region: node.region,
    tags: node.tags,
    labels: node.labels,
    schedulable: node.schedulable,
    contact: live.contact(node.id),
    isReady,
    specs: specs && { ...specs, engine: engine ?? specs.engine },
    load,
    usage,
  }
}
