import { AppError } from '../../shared/errors'
import { POLICY } from '../../shared/domain/policy'
import { MASKED } from '../../shared/schemas/instance'
import type {
  PutScopeVariable,
  ScopeVariable,
  ScopeVariableParams,
  VariableScope,
} from '../../shared/schemas/scope-variable'
import type { Actor } from '../../shared/schemas/event'
import { reachingVariables } from '../domain/variable-scopes'
import type { ScopeVariableRecord, VariablePlace } from '../domain/variable-scopes'
import type { Clock, InstanceRecord, ScopeVariableStore, SecretBox } from '../ports'
import type { NodeDirectory } from './node-directory'

/** A value that reaches a server from its node, region or network, in clear. */
export interface InheritedVariable {
  value: string
  /** It is one here or farther away. */
  secret: boolean
  scope: VariableScope
  scopeId: string
}

/** What the network, regions and nodes give their servers. All in memory: they are few, and every start asks for them. */
export interface VariableService {
  load(): Promise<void>
  list(): ScopeVariable[]
  find(at: ScopeVariableParams): ScopeVariable | undefined
  /** NOT_FOUND for a node that there is not; VARIABLE_INVALID for a mask that stands for nothing, or too many of them. */
  put(actor: Actor, at: ScopeVariableParams, wanted: PutScopeVariable): Promise<ScopeVariable>
  /** NOT_FOUND when there is none. Servers keep the value until their next start. */
  remove(actor: Actor, at: ScopeVariableParams): Promise<ScopeVariable>
  /** The node is gone, and its variables with it: the commit that removed it removed them. */
  forgetNode(nodeId: string): void
  /** The nearest of each name for a server at a place. */
  inherited(place: VariablePlace): Map<string, InheritedVariable>
  /** All of each name for a server at a place, nearest first, with those that were taken away. */
  reaching(place: VariablePlace): Map<string, ScopeVariableRecord[]>
  placeOf(record: Pick<InstanceRecord, 'nodeId' | 'placement'>): VariablePlace
}

export function createVariableService(deps: {
  store: ScopeVariableStore
  directory: Pick<NodeDirectory, 'find' | 'get'>
  secrets: SecretBox
  clock: Pick<Clock, 'now'>
}): VariableService {
  const { store, directory, secrets, clock } = deps
  let all: ScopeVariableRecord[] = []

  const isAt = (record: ScopeVariableRecord, { scope, id, name }: ScopeVariableParams) =>
    record.scope === scope && record.scopeId === id && record.name === name

  async function write(record: ScopeVariableRecord): Promise<ScopeVariable> {
    await store.write(record)
    const { scope, scopeId: id, name } = record
    all = [...all.filter(other => !isAt(other, { scope, id, name })), record]
    return view(record)
  }

  /** The value in clear; a secret that comes back as it was shown keeps its own. */
  function valueOf(given: string, before: ScopeVariableRecord | undefined): string {
    if (given !== MASKED) return given
    if (before?.secret && before.value !== null) return secrets.open(before.value)
    throw new AppError(
      'VARIABLE_INVALID',
      'The mask that stands for a secret was given, but no secret is kept here. Give its value.',
      {
        issues: [{ path: 'value', message: 'is the mask of a secret that there is not' }],
      },
    )
  }

  const service: VariableService = {
    async load() {
      all = await store.list()
    },

    list: () =>
      all
        .filter(({ value }) => value !== null)
        .map(view)
        .sort(byPlace),

    find(at) {
      const record = all.find(other => isAt(other, at))
      return record && record.value !== null ? view(record) : undefined
    },

    async put(actor, at, wanted) {
      if (at.scope === 'node') directory.get(at.id)
      const before = all.find(record => isAt(record, at))
      const secret = wanted.secret === true || (before?.secret === true && before.value !== null)
      const value = valueOf(wanted.value, before)
      const beside = all.filter(
        ({ scope, scopeId, value }) => scope === at.scope && scopeId === at.id && value !== null,
      )
      if (beside.length >= POLICY.variables.perInstance && !beside.includes(before!))
        throw new AppError(
          'VARIABLE_INVALID',
          `There are ${beside.length} variables here already, and no server can have more. Take one away first.`,
        )
      return write({
        scope: at.scope,
        scopeId: at.id,
        name: at.name,
        value: secret ? secrets.seal(value) : value,
        secret,
        updatedAt: clock.now(),
        updatedBy: actor.name,
      })
    },

    async remove(actor, at) {
      const before = all.find(record => isAt(record, at))
      if (!before || before.value === null) {
        const where = at.scope === 'network' ? 'The network' : `The ${at.scope} ${at.id}`
        throw new AppError('NOT_FOUND', `${where} has no variable ${at.name}.`)
      }
      const removed = view(before)
      await write({ ...before, value: null, updatedAt: clock.now(), updatedBy: actor.name })
      return removed
    },

    forgetNode(nodeId) {
      all = all.filter(({ scope, scopeId }) => scope !== 'node' || scopeId !== nodeId)
    },

    inherited(place) {
      const found = new Map<string, InheritedVariable>()
      for (const [name, records] of reachingVariables(all, place)) {
        const nearest = records.find(({ value }) => value !== null)
        if (nearest?.value == null) continue
        const { scope, scopeId, value } = nearest
        const secret = records.some(record => record.secret && record.value !== null)
        found.set(name, { value: nearest.secret ? secrets.open(value) : value, secret, scope, scopeId })
      }
      return found
    },

    reaching: place => reachingVariables(all, place),

    placeOf({ nodeId, placement }) {
      const node = directory.find(nodeId ?? placement.node ?? '')
      return { nodeId: node?.id ?? null, region: node ? node.region : (placement.region ?? null) }
    },
  }
  return service
}

function view({ scope, scopeId, name, value, secret, updatedAt, updatedBy }: ScopeVariableRecord): ScopeVariable {
  return { scope, id: scopeId, name, value: secret ? MASKED : (value ?? ''), secret, updatedAt, updatedBy }
}

/** The network first, then regions, then nodes; by name within one. */
function byPlace(one: ScopeVariable, other: ScopeVariable): number {
  const key = ({ scope, id, name }: ScopeVariable) =>
    [['network', 'region', 'node'].indexOf(scope), id, name].join('\0')
  return key(one) < key(other) ? -1 : 1
}
