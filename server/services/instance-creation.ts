import { AppError } from '../../shared/errors'
import type { Actor } from '../../shared/schemas/event'
import type { CreateInstance, InstancePort, PlacementExplanation } from '../../shared/schemas/instance'
import { eventOf } from '../domain/instance-change'
import type { Clock, Ids, InstanceRecord, LayerSource, SecretBox } from '../ports'
import type { Define } from './instance-definition'
import { sealVariables, unmask } from './instance-variables'
import type { InstanceWriter } from './instance-writer'
import type { NodeDirectory } from './node-directory'
import { needOf } from './placement-service'
import type { PlacementService } from './placement-service'
import type { VariableService } from './variable-service'

export interface InstanceCreationDeps {
  define: Define
  layers: Pick<LayerSource, 'lock'>
  directory: Pick<NodeDirectory, 'find'>
  placement: Pick<PlacementService, 'explain' | 'portsOn'>
  writer: Pick<InstanceWriter, 'create'>
  placeOf: VariableService['placeOf']
  secrets: SecretBox
  clock: Pick<Clock, 'now'>
  ids: Pick<Ids, 'entity'>
}

export interface CreationOptions {
  /** The example alone: where Docker or its image cannot be had, its node runs it as a process and says so. */
  allowProcessFallback?: boolean
}

/** Makes instances. Everything is judged before anything is written. */
export function createInstanceCreation(deps: InstanceCreationDeps) {
  const { define, layers, directory, placement, writer, placeOf, secrets, clock, ids } = deps

  async function draft(input: CreateInstance, options: CreationOptions): Promise<InstanceRecord> {
    const id = ids.entity()
    const given = unmask(input.variables ?? {}, { variables: {}, secretNames: [] }, secrets)
    const wanted = {
      name: input.name,
      environment: input.environment ?? null,
      layers: await layers.lock(input.layers),
      portRequests: input.ports ?? [],
      resources: input.resources ?? {},
      restart: input.restart?.policy ?? null,
    }
    if (input.placement?.node !== undefined && !directory.find(input.placement.node)) {
      const message = `There is no node with the id ${input.placement.node}`
      throw new AppError('NODE_UNKNOWN', `${message}. Choose another, or leave the node to Strata.`, {
        issues: [{ path: 'placement.node', message }],
      })
    }
    const { ports, effective, secretNames } = await define({
      id,
      given,
      place: placeOf({ nodeId: null, placement: input.placement ?? {} }),
      ...wanted,
    })
    await refuseTakenPorts(input, ports)
    const now = clock.now()
    return {
      id,
      revision: 1,
      ...wanted,
      ...sealVariables(given, secretNames, secrets),
      description: input.description ?? '',
      state: 'REQUESTED',
      desired: input.desired,
      generation: 1,
      startGeneration: 1,
      stopMode: 'none',
      appliedGeneration: null,
      reason: null,
      nodeId: null,
      ports,
      portsInUse: null,
      placement: input.placement ?? {},
      persistent: input.persistent,
      effective,
      allowProcessFallback: options.allowProcessFallback ?? false,
      prepareAttempts: 0,
      imageLock: null,
      observed: null,
      stateSince: now,
      createdAt: now,
      updatedAt: now,
    }
  }

  /** Ports asked for by number on a node asked for by name: nothing that could be waited for. */
  async function refuseTakenPorts(
    { placement: place, ports: requested = [] }: CreateInstance,
    ports: readonly InstancePort[],
  ): Promise<void> {
    if (place?.node === undefined) return
    const fixed = ports.filter(port => port.fixed)
    const { problems } = await placement.portsOn(place.node, fixed, null)
    if (problems.length === 0) return
    const issues = problems.map(({ port, message }) => ({
      path: `ports[${requested.findIndex(({ name }) => name === port)}].host`,
      message,
    }))
    throw new AppError(
      'PORT_UNAVAILABLE',
      `${issues.map(({ message }) => message).join(' ')} Choose another port, or leave it to Strata.`,
      { issues },
    )
  }

  return {
    async create(actor: Actor, input: CreateInstance, options: CreationOptions = {}): Promise<InstanceRecord> {
      const record = await draft(input, options)
      const message = input.desired === 'running' ? 'Created, to run.' : 'Created, to be prepared and not started.'
      return writer.create(record, [
        eventOf(record, { kind: 'wish', to: input.desired, actor, cause: 'create.requested', message }),
      ])
    },

    /** Where it would go now and why not elsewhere; judged as a creation is. */
    async explain(input: CreateInstance): Promise<PlacementExplanation> {
      const record = await draft(input, {})
      return placement.explain({ ...needOf(record), ports: record.ports })
    },
  }
}
