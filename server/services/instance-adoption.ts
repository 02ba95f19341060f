import { isDeepStrictEqual } from 'node:util'
import { builtinVariables } from '../../core/variables/builtin-variables'
import { mergeRuntime } from '../../core/variables/merge-runtime'
import { resolveResources } from '../../core/variables/resolve-runtime'
import { mayHaveProcess } from '../../shared/domain/instance-state'
import { isReservedVariable } from '../../shared/domain/builtin-variables'
import { AppError } from '../../shared/errors'
import { describeAnswer } from '../../shared/protocol/agent'
import type { DescribeAnswer, InstanceSpec } from '../../shared/protocol/agent'
import type { Actor } from '../../shared/schemas/event'
import type { Instance } from '../../shared/schemas/instance'
import type { Manifest } from '../../shared/schemas/manifest'
import type { Resources } from '../../shared/schemas/runtime'
import { adoptedRecord } from '../domain/adopted-record'
import { eventOf } from '../domain/instance-change'
import type {
  AgentLink,
  Clock,
  InstancePresenter,
  InstanceRecord,
  InstanceStore,
  LayerSource,
  NodeRecord,
  SecretBox,
} from '../ports'
import { answerOf } from './agent-answer'
import { givenVariables } from './given-variables'
import type { Define } from './instance-definition'
import { sealVariables } from './instance-variables'
import type { InstanceWriter } from './instance-writer'
import type { NodeDirectory } from './node-directory'
import type { NodeLive } from './node-live'
import type { NodeNews } from './node-news'
import type { PlacementService } from './placement-service'
import type { HideSecrets } from './secret-words'
import type { VariableService } from './variable-service'

export interface InstanceAdoptionDeps {
  instances: Pick<InstanceStore, 'find'>
  directory: Pick<NodeDirectory, 'get'>
  live: Pick<NodeLive, 'of' | 'note'>
  link: Pick<AgentLink, 'send'>
  layers: Pick<LayerSource, 'manifests'>
  define: Define
  placement: Pick<PlacementService, 'portsOn'>
  writer: Pick<InstanceWriter, 'create' | 'change'>
  presenter: InstancePresenter
  news: Pick<NodeNews, 'tell'>
  variables: Pick<VariableService, 'inherited'>
  hideSecrets: HideSecrets
  secrets: SecretBox
  clock: Pick<Clock, 'now'>
}

/**
 * Takes over an instance that only its node knows, as after the brain's database was restored: a record is made from what the node
 * tells, and nothing is sent that would change the server. What runs, runs on.
 *
 * NOT_FOUND when the node has no such find; NODE_UNREACHABLE; UNKNOWN_LAYER when a layer is not among the templates; NAME_TAKEN;
 * PORT_UNAVAILABLE when the brain gave one of its ports away meanwhile; CONFLICT when another node holds it.
 */
export function createInstanceAdoption(deps: InstanceAdoptionDeps) {
  const { instances, directory, live, link, layers, writer, presenter, news, hideSecrets, secrets, clock } = deps

  async function describe(node: NodeRecord, instanceId: string): Promise<DescribeAnswer> {
    const found = live.of(node.id).found.some(item => item.instanceId === instanceId)
    if (!found)
      throw new AppError(
        'NOT_FOUND',
        `"${node.name}" tells of no server ${instanceId} that the brain does not know. Look at what is found there now.`,
      )
    const ack = await link.send(node.id, 'instance.describe', { instanceId })
    if (!ack.ok && ack.code === 'MESSAGE_INVALID')
      throw new AppError(
        'CONFLICT',
        `The agent of "${node.name}" is too old to hand a server over. Update it, then try again; nothing was changed.`,
      )
    return answerOf(ack, describeAnswer, `The node "${node.name}"`)
  }

  async function draft(node: NodeRecord, told: DescribeAnswer, name: string): Promise<InstanceRecord> {
    const { spec } = told
    const locked = spec.layers.map(({ sizeBytes: _size, ...layer }) => layer)
    const manifests = (await knownManifests(locked)).map(({ manifest }) => manifest)
    const environment = spec.builtins.ENVIRONMENT === 'production' ? null : (spec.builtins.ENVIRONMENT ?? null)
    const place = { nodeId: node.id, region: node.region }
    const inherited = deps.variables.inherited(place)
    // What reaches the server there explains itself, as a default of its layers does.
    const given = withoutInherited(
      givenVariables(spec.variables, manifests, builtinsOf(spec, node, environment)),
      inherited,
    )
    const resources = ownResources(spec.runtime.resources, manifests)
    const restart = spec.runtime.restart.policy
    const ofLayers = mergeRuntime(manifests).restart?.policy ?? 'on-failure'
    const own = { layers: locked, resources, restart: restart === ofLayers ? null : restart, environment }
    const { effective, secretNames } = await deps.define({
      id: spec.id,
      name,
      given,
      place,
      portRequests: [],
      ...own,
    })
    const record = adoptedRecord(
      told,
      { ...own, ...sealVariables(given, secretNames, secrets), effective },
      { nodeId: node.id, name, now: clock.now() },
    )
    return withFreePorts(withoutSecrets(record))
  }

  /** A server without a process may have other ports at its next start, where the brain gave its own away meanwhile. */
  async function withFreePorts(record: InstanceRecord): Promise<InstanceRecord> {
    if (mayHaveProcess(record.state) || record.nodeId === null) return record
    const { ports, problems } = await deps.placement.portsOn(record.nodeId, record.ports, record.id)
    if (problems.length > 0 || isDeepStrictEqual(ports, record.ports)) return record
    return { ...record, ports, generation: record.generation + 1 }
  }

  async function knownManifests(locked: InstanceRecord['layers']) {
    try {
      return await layers.manifests(locked)
    } catch (error) {
      const names = locked.map(layer => `${layer.template}@${layer.version}`).join(', ')
      const why = error instanceof AppError ? error.detail : ''
      throw new AppError(
        'UNKNOWN_LAYER',
        `The server is built from ${names}, and the brain must know all of them to take it over. ${why} Publish what is missing with the same bytes, then try again; the server runs on meanwhile.`,
        { cause: error },
      )
    }
  }

  /** What a server printed last is kept with it. */
  function withoutSecrets(record: InstanceRecord): InstanceRecord {
    const hide = hideSecrets(record)
    const { reason, observed } = record
    return {
      ...record,
      reason: reason && { ...reason, message: hide(reason.message) },
      observed: observed && { ...observed, lastLines: observed.lastLines.map(hide) },
    }
  }

  async function write(record: InstanceRecord, actor: Actor, nodeName: string): Promise<InstanceRecord> {
    const event = eventOf(record, {
      kind: 'wish',
      to: record.desired,
      actor,
      cause: 'adopted',
      message: `Found on "${nodeName}" and taken over as it is: ${record.state}.`,
    })
    const known = await instances.find(record.id)
    if (!known) return writer.create(record, [event])
    // A record from before it had a node, or that says that it is gone: what the node holds is newer.
    const { id, revision: _revision, createdAt: _createdAt, ...change } = record
    return writer.change(id, current => {
      if (current.nodeId !== null && current.state !== 'DESTROYED')
        throw new AppError(
          'CONFLICT',
          `The brain knows "${current.name}" under the same id on another node. Destroy one of the two, or stop it and keep its files, before the other is taken over.`,
        )
      return { change, events: [event] }
    })
  }

  return async (actor: Actor, nodeId: string, input: { instanceId: string; name?: string | undefined }) => {
    const node = directory.get(nodeId)
    const told = await describe(node, input.instanceId)
    const record = await write(await draft(node, told, input.name ?? told.spec.name), actor, node.name)
    live.note(nodeId, { found: live.of(nodeId).found.filter(item => item.instanceId !== record.id) })
    news.tell(nodeId)
    // What happened between the question and now was not taken in: the whole truth has it.
    await link.send(nodeId, 'node.resync', {}).catch(() => {})
    return presenter.present(record) satisfies Promise<Instance>
  }
}

/** As the brain would fill them in now; facts as the server was told them. */
function builtinsOf(spec: InstanceSpec, node: NodeRecord, environment: string | null): Map<string, string> {
  const usual = builtinVariables({
    instance: { id: spec.id, name: spec.name, environment },
    node,
    publicHost: '',
    ports: [],
    memoryMb: spec.runtime.resources.memoryMb ?? 0,
  })
  const facts = Object.entries(spec.builtins).filter(([name]) => isReservedVariable(name))
  return new Map([...usual, ...facts])
}

function withoutInherited(
  given: Record<string, string>,
  inherited: ReadonlyMap<string, { value: string }>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(given).filter(([name, value]) => inherited.get(name)?.value !== value))
}

/** The limits that the layers and the policy do not explain. */
function ownResources(held: Resources, manifests: readonly Manifest[]): Resources {
  const usual: Resources = resolveResources(mergeRuntime(manifests).resources, undefined)
  return Object.fromEntries(
    Object.entries(held).filter(([key, value]) => value !== undefined && usual[key as keyof Resources] !== value),
  )
}
