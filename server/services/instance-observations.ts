import { POLICY } from '../../shared/domain/policy'
import type { AgentToBrain, NodeReport, Observation } from '../../shared/protocol/agent'
import type { Node } from '../../shared/schemas/node'
import type { InstanceChange } from '../domain/instance-change'
import { applyObservation } from '../domain/observation/apply-observation'
import { forgetHeld } from '../domain/observation/forget-held'
import { replaceablePort, replacePort, withoutHost } from '../domain/observation/replace-port'
import type { Clock, InstancePresenter, InstanceRecord, InstanceStore, NodeStore, PanelBus } from '../ports'
import type { InstanceWriter } from './instance-writer'
import type { PlacementService } from './placement-service'
import { untilPortsHold } from './port-retry'
import type { ProgressBoard } from './progress-board'
import type { Reconciler } from './reconciler'
import type { HideSecrets } from './secret-words'

/** Takes in what nodes say of instances. Ownership is checked here again: a report may name what is not the node's. */
export interface InstanceObservations {
  owns(nodeId: string, instanceId: string): Promise<boolean>
  observed(nodeId: string, observation: Observation): Promise<void>
  progress(nodeId: string, progress: AgentToBrain['instance.progress']): Promise<void>
  /** The whole truth of a node. Resolves to what only the node knows of, and what it holds although it was destroyed. */
  report(nodeId: string, reported: NodeReport['instances']): Promise<{ found: Node['found']; stillHeld: string[] }>
}

export interface InstanceObservationsDeps {
  instances: Pick<InstanceStore, 'find' | 'nodeOf' | 'living'>
  nodes: Pick<NodeStore, 'quarantinePort'>
  writer: Pick<InstanceWriter, 'change'>
  placement: Pick<PlacementService, 'portsOn'>
  reconciler: Pick<Reconciler, 'noteHeld'>
  presenter: InstancePresenter
  board: Pick<ProgressBoard, 'report'>
  panel: Pick<PanelBus, 'publish'>
  clock: Pick<Clock, 'now'>
  hideSecrets: HideSecrets
}

export function createInstanceObservations(deps: InstanceObservationsDeps): InstanceObservations {
  const { instances, nodes, writer, placement, reconciler, presenter, board, panel, clock, hideSecrets } = deps

  function apply(
    nodeId: string,
    observation: Observation,
    options: { isWholeTruth: boolean },
  ): Promise<InstanceRecord> {
    return untilPortsHold(() =>
      writer.change(observation.instanceId, async record => {
        if (record.nodeId !== nodeId) return null
        const applied = applyObservation(record, withoutSecrets(record, observation), clock.now(), options)
        return applied && withOtherPort(nodeId, record, observation, applied)
      }),
    )
  }

  /** What a server printed last is kept with it and shown to everybody who may see it. */
  function withoutSecrets(record: InstanceRecord, observation: Observation): Observation {
    const hide = hideSecrets(record)
    const { reason, lastLines } = observation
    return {
      ...observation,
      lastLines: lastLines.map(hide),
      reason: reason && { ...reason, message: hide(reason.message) },
    }
  }

  /** In the same commit as the failure: a brain that dies in between must not leave a failure that nobody mends. */
  async function withOtherPort(
    nodeId: string,
    record: InstanceRecord,
    observation: Observation,
    applied: InstanceChange,
  ): Promise<InstanceChange> {
    const taken = replaceablePort(record, observation)
    if (taken?.host == null) return applied
    const now = clock.now()
    await nodes.quarantinePort(nodeId, taken.protocol, taken.host, now + POLICY.ports.quarantineMs, now)
    const given = await placement.portsOn(nodeId, withoutHost(record.ports, taken), record.id)
    if (given.problems.length > 0) return applied
    const replaced = replacePort({ ...record, ...applied.change }, taken, given.ports)
    return { change: { ...applied.change, ...replaced.change }, events: [...applied.events, ...replaced.events] }
  }

  return {
    owns: async (nodeId, instanceId) => (await instances.nodeOf(instanceId)) === nodeId,

    async observed(nodeId, observation) {
      const record = await apply(nodeId, observation, { isWholeTruth: false })
      if (record.state !== 'DESTROYED' || record.nodeId !== nodeId) return
      reconciler.noteHeld(record.id, observation.state === 'DESTROYED' ? null : nodeId)
    },

    async progress(nodeId, progress) {
      const record = await instances.find(progress.instanceId)
      if (record?.nodeId !== nodeId) return
      board.report(progress)
      if (record.state === 'PREPARING')
        panel.publish('instance.changed', await presenter.present(record), 'instance.read')
    },

    async report(nodeId, reported) {
      const found: Node['found'] = []
      const stillHeld: string[] = []
      for (const { name, ...observation } of reported) {
        const { instanceId, state } = observation
        const owner = await instances.nodeOf(instanceId)
        if (owner !== nodeId) {
          found.push({ instanceId, name, state })
          continue
        }
        const record = await apply(nodeId, observation, { isWholeTruth: true })
        if (record.state === 'DESTROYED' && state !== 'DESTROYED') stillHeld.push(instanceId)
      }
      const named = new Set(reported.map(({ instanceId }) => instanceId))
      for (const { id } of await instances.living(nodeId)) {
        if (!named.has(id))
          await writer.change(id, record => (record.nodeId === nodeId ? forgetHeld(record, clock.now()) : null))
      }
      return { found, stillHeld }
    },
  }
}
