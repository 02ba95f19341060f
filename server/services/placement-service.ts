import type { PlacementExplanation, InstancePort } from '../../shared/schemas/instance'
import { effectiveSpecs } from '../domain/effective-specs'
import { assignNode, needsPlace, waitForNode } from '../domain/placement/assign-node'
import type { Candidate, PlacementNeed } from '../domain/placement/candidate'
import { explain, rank, waitingWords } from '../domain/placement/rank'
import type { Evaluation } from '../domain/placement/rank'
import { givePorts } from '../domain/ports/give-ports'
import type { GivenPorts } from '../domain/ports/give-ports'
import { hostPortKey } from '../domain/ports/port-ranges'
import type { Clock, InstanceRecord, InstanceStore, NodeRecord, NodeStore, NodeUsage } from '../ports'
import type { InstanceWriter } from './instance-writer'
import { createKeyedLock } from './keyed-lock'
import type { NodeDirectory } from './node-directory'
import type { NodeLive } from './node-live'
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
  instances: Pick<InstanceStore, 'find' | 'usageByNode' | 'claimedPorts'>
  nodes: Pick<NodeStore, 'quarantinedPorts'>
  directory: Pick<NodeDirectory, 'list' | 'get'>
  live: Pick<NodeLive, 'of' | 'contact'>
  writer: Pick<InstanceWriter, 'change'>
  clock: Pick<Clock, 'now'>
}

export function createPlacementService(deps: PlacementServiceDeps): PlacementService {
  const { instances, nodes, directory, live, writer, clock } = deps
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

  async function evaluate(need: PlacementNeed): Promise<Evaluation[]> {
    const usage = new Map((await instances.usageByNode()).map(entry => [entry.nodeId, entry]))
    return rank(
      directory.list().map(node => candidateOf(node, usage.get(node.id), live)),
      need,
    )
  }

  /** The first of the fitting nodes that also has the ports; the others say why they have not. */
  async function choose(evaluations: readonly Evaluation[], wanted: readonly InstancePort[]) {
    for (const evaluation of evaluations) {
      if (evaluation.reasons.length > 0) break
      const given = await portsOn(evaluation.node.id, wanted, null)
      if (given.problems.length === 0) return { node: evaluation.node, ports: given.ports }
      evaluation.reasons.push(...given.problems.map(problem => problem.message))
      evaluation.score = null
    }
    return null
  }

  async function placeOnce(record: InstanceRecord): Promise<void> {
    const evaluations = await evaluate(needOf(record))
    const choice = await choose(evaluations, record.ports)
    await writer.change(record.id, current => {
      if (current.revision !== record.revision) return null
      return choice
        ? assignNode(current, choice.node, choice.ports)
        : waitForNode(current, waitingWords(evaluations), clock.now())
    })
  }

  return {
    portsOn,

    async explain(need) {
      const evaluations = await evaluate(need)
      const choice = await choose(evaluations, need.ports)
      // The rest of the fitting nodes was not asked for ports yet; an explanation tells of all.
      for (const evaluation of evaluations) {
        if (evaluation.reasons.length > 0 || evaluation.node.id === choice?.node.id) continue
        const { problems } = await portsOn(evaluation.node.id, need.ports, null)
        if (problems.length === 0) continue
        evaluation.reasons.push(...problems.map(problem => problem.message))
        evaluation.score = null
      }
      return explain(evaluations, choice?.node ?? null)
    },

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

function candidateOf(node: NodeRecord, usage: NodeUsage | undefined, live: PlacementServiceDeps['live']): Candidate {
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
    usage: usage ?? { total: 0, memoryMb: 0, cpus: 0, diskMb: 0 },
  }
}
