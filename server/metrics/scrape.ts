import { setImmediate as breathe } from 'node:timers/promises'
import { Gauge, Registry } from 'prom-client'
import { POLICY } from '../../shared/domain/policy'
import type { Node } from '../../shared/schemas/node'
import type { InstanceStore } from '../ports'
import type { NodeService } from '../services/node-service'
import type { StatsBoard } from '../services/stats-board'
import type { BrainMetrics } from './brain-metrics'
import { exposeAll } from './exposition'
import { countFamilies, instanceFamilies, nodeFamilies } from './fleet-families'
import { processMetrics } from './process-metrics'

export interface ScrapeDeps {
  metrics: BrainMetrics
  instances: Pick<InstanceStore, 'briefs'>
  nodes: Pick<NodeService, 'list'>
  board: Pick<StatsBoard, 'present'>
  /** Agents and pages that are connected. */
  connections: () => { agents: number; pages: number }
  /** When the certificate ends that the brain shows to browsers; null while it speaks no TLS itself. */
  certificateExpiresAt: () => number | null
}

/** The text of `GET /metrics`. `withInstances`: also each server by itself, which is most of it in a large network. */
export function createScrape(deps: ScrapeDeps): (options: { withInstances: boolean }) => Promise<string> {
  const { metrics, instances, board } = deps
  new Gauge({
    name: 'strata_connections',
    help: 'Open sockets of agents and of pages.',
    labelNames: ['kind'],
    registers: [metrics.registry],
    collect() {
      const { agents, pages } = deps.connections()
      this.set({ kind: 'agent' }, agents)
      this.set({ kind: 'page' }, pages)
    },
  })

  new Gauge({
    name: 'strata_brain_certificate_expires_timestamp_seconds',
    help: 'When the certificate ends that the brain shows to browsers; left out while it speaks no TLS itself.',
    // A label-less gauge would say 0, which is 1970, before it was ever set.
    labelNames: ['source'],
    registers: [metrics.registry],
    collect() {
      this.reset()
      const end = deps.certificateExpiresAt()
      if (end !== null) this.set({ source: 'panel' }, end / 1_000)
    },
  })

  return async ({ withInstances }) => {
    // Each of these takes tens of milliseconds in a large network; others get their turn in between.
    const briefs = await instances.briefs()
    await breathe()
    const nodes = await allNodes(deps.nodes)
    await breathe()
    const fleet = await exposeAll([
      ...countFamilies(briefs, nodes),
      ...nodeFamilies(nodes),
      ...(withInstances ? instanceFamilies(briefs, id => board.present(id)) : []),
    ])
    return fleet + (await Registry.merge([metrics.registry, processMetrics()]).metrics())
  }
}

async function allNodes(nodes: Pick<NodeService, 'list'>): Promise<Node[]> {
  const all: Node[] = []
  let cursor: string | undefined
  do {
    const page = await nodes.list({ limit: POLICY.lists.maxLimit, ...(cursor ? { cursor } : {}) })
    all.push(...page.items)
    cursor = page.nextCursor ?? undefined
    await breathe()
  } while (cursor !== undefined)
  return all
}
