import type { PlacementExplanation, InstancePort } from '../../shared/schemas/instance'
import { effectiveSpecs } from '../domain/effective-specs'
import { assignNode, needsPlace, waitForNode } from '../domain/placement/assign-node'
import type { Candidate, PlacementNeed } from '../domain/placement/candidate'
import { firstObjection } from '../domain/placement/filters'
import { explain, rank, waitingWords } from '../domain/placement/rank'
import type { Evaluation } from '../domain/placement/rank'
import { givePorts } from '../domain/ports/give-ports'
import type { GivenPorts } from '../domain/ports/give-ports'
import { hostPortKey } from '../domain/ports/port-ranges'
import type { Clock, InstanceRecord, InstanceStore, NodeStore } from '../ports'
import type { InstanceWriter } from './instance-writer'
import { createKeyedLock } from './keyed-lock'
import type { NodeDirectory } from './node-directory'
import type { NodeRanking } from './node-ranking'
import { untilPortsHold } from './port-retry'

export interface PlacementService {
  /** Finds a node with room and ports and gives the instance to it, or says in its reason why it waits. */
  place(id: string): Promise<void>
  /** Where something like this would go now and why not elsewhere. Changes nothing. */
  explain(need: PlacementNeed & { ports: InstancePort[] }): Promise<PlacementExplanation>
  /** Ports on a certain node, for an instance that may hold some already. */
  portsOn(nodeId: string, wanted: readonly InstancePort[], instanceId: string | null): Promise<GivenPorts>
}

export interface PlacementServiceDeps {
  instances: Pick<InstanceStore, 'find' | 'claimedPorts'>
  nodes: Pick<NodeStore, 'quarantinedPorts'>
  directory: Pick<NodeDirectory, 'get' | 'size'>
  ranking: NodeRanking
  writer: Pick<InstanceWriter, 'change'>
  clock: Pick<Clock, 'now'>
}

/** More would be no answer but a list; `?dryRun=true` has that. */
const SHOWN_NODES = 3

export function createPlacementService(deps: PlacementServiceDeps): PlacementService {
  const { instances, nodes, directory, ranking, writer, clock } = deps
  /** One placement at a time: two at once would both be promised the last free memory of a node. */
  const lock = createKeyedLock()

  async function portsOn(
    nodeId: string,
    wanted: readonly InstancePort[],
    instanceId: string | null,
  ): Promise<GivenPorts> {
    const claims = await instances.claimedPorts(nodeId)
    const strangers = await nodes.quarantinedPorts(nodeId, clock.now())
    const others = claims.filter(claim => claim.instanceId !== instanceId)
    const specs = effectiveSpecs(directory.get(nodeId))
    return givePorts(wanted, {
      range: specs?.ports ?? { from: 1, to: 0 },
      unavailable: new Set(others.map(hostPortKey)),
      setAside: new Set(strangers.map(hostPortKey)),
    })
  }

  /** The first node that fits and has the ports: the others are not even asked. */
  async function chooseFirst(need: PlacementNeed, wanted: readonly InstancePort[]) {
    const withoutPorts: Evaluation[] = []
    for (const node of ranking.emptiestFirst()) {
      if (firstObjection(node, need) !== null) continue
      const given = await portsOn(node.id, wanted, null)
      if (given.problems.length === 0) return { choice: { node, ports: given.ports }, withoutPorts }
      withoutPorts.push({ node, reasons: given.problems.map(problem => problem.message), score: null })
    }
    return { choice: null, withoutPorts }
  }

  /** Why nothing fits: the nodes that lack only ports, then the first ones by name. */
  function whyNot(need: PlacementNeed, withoutPorts: readonly Evaluation[]): string {
    const others = ranking
      .byName(SHOWN_NODES)
      .filter(({ id }) => withoutPorts.every(({ node }) => node.id !== id))
      .map((node): Evaluation => ({ node, reasons: [firstObjection(node, need) ?? 'Not tried.'], score: null }))
    return waitingWords([...withoutPorts, ...others].slice(0, SHOWN_NODES), directory.size())
  }

  async function placeOnce(record: InstanceRecord): Promise<void> {
    const need = needOf(record)
    const { choice, withoutPorts } = await chooseFirst(need, record.ports)
    await writer.change(record.id, current => {
      if (current.revision !== record.revision) return null
      return choice
        ? assignNode(current, choice.node, choice.ports)
        : waitForNode(current, whyNot(need, withoutPorts), clock.now())
    })
  }

  /** Every node with all that speaks against it. */
  async function explainAll(need: PlacementNeed, wanted: readonly InstancePort[]): Promise<PlacementExplanation> {
    const evaluations = rank(ranking.all(), need)
    for (const evaluation of evaluations) {
      if (evaluation.reasons.length > 0) continue
      const { problems } = await portsOn(evaluation.node.id, wanted, null)
      if (problems.length === 0) continue
      evaluation.reasons.push(...problems.map(problem => problem.message))
      evaluation.score = null
    }
    const chosen: Candidate | undefined = evaluations.find(({ reasons }) => reasons.length === 0)?.node
    return explain(evaluations, chosen ?? null)
  }

  return {
    portsOn,

    explain: need => explainAll(need, need.ports),

    async place(id) {
      const release = await lock.acquire('placement')
      try {
        await untilPortsHold(async () => {
          const record = await instances.find(id)
          if (record && needsPlace(record)) await placeOnce(record)
        })
      } finally {
        release()
      }
    },
  }
}

/** What placement needs to know of an instance. */
export function needOf(
  record: Pick<InstanceRecord, 'effective' | 'placement' | 'allowProcessFallback'>,
): PlacementNeed {
  return {
    resources: record.effective.resources,
    placement: record.placement,
    allowProcessFallback: record.allowProcessFallback,
  }
}
