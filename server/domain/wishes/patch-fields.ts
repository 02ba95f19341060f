import { mayHaveProcess } from '../../../shared/domain/instance-state'
import type { Actor } from '../../../shared/schemas/event'
import type { LockedLayer } from '../../../shared/schemas/instance'
import { eventOf } from '../instance-change'
import type { InstanceChange } from '../instance-change'
import type { InstanceRecord } from '../instance-record'

/** Fields that a person may change. Everything but the first three reaches the server at its next start. */
export type PatchedFields = Partial<
  Pick<
    InstanceRecord,
    | 'description'
    | 'placement'
    | 'effective'
    | 'name'
    | 'layers'
    | 'variables'
    | 'secretNames'
    | 'resources'
    | 'portRequests'
    | 'ports'
    | 'restart'
    | 'persistent'
    | 'environment'
  >
>

const BESIDE_THE_SERVER: ReadonlySet<string> = new Set(['description', 'placement', 'effective'])
/** Follow from other fields: said with them. */
const UNSAID: ReadonlySet<string> = new Set(['secretNames', 'portRequests', 'effective'])

/**
 * A change of what is wanted, as a change of the record; `null` when nothing differs. What runs goes on as it is, and
 * keeps its ports until it ends; a node that is still preparing is made to prepare the new.
 */
export function patchFields(record: InstanceRecord, fields: PatchedFields, actor: Actor): InstanceChange | null {
  const changed = Object.keys(fields).filter(name => differs(record, fields, name))
  if (changed.length === 0) return null
  const change: InstanceChange['change'] = { ...fields }
  let { generation } = record
  if (changed.some(name => !BESIDE_THE_SERVER.has(name))) {
    generation++
    change.generation = generation
    if (record.state === 'PREPARING') change.startGeneration = generation
  }
  const isLaidOut = record.state === 'PREPARED' || mayHaveProcess(record.state)
  if (changed.includes('ports') && isLaidOut) change.portsInUse = record.portsInUse ?? record.ports
  const message = `Changed: ${changed
    .filter(name => !UNSAID.has(name))
    .map(name => describe(record, fields, name))
    .join(', ')}.`
  return { change, events: [eventOf(record, { kind: 'changed', generation, actor, cause: 'changed', message })] }
}

function differs(record: InstanceRecord, fields: PatchedFields, name: string): boolean {
  return canonical(record[name as keyof PatchedFields]) !== canonical(fields[name as keyof PatchedFields])
}

/** The same text for the same value, whatever the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

/** Names of fields; of layers also the versions. Never values: they may be secrets. */
function describe(record: InstanceRecord, fields: PatchedFields, name: string): string {
  if (name !== 'layers' || !fields.layers) return name
  return `layers (${stackWords(record.layers)} → ${stackWords(fields.layers)})`
}

function stackWords(layers: readonly LockedLayer[]): string {
  return layers.map(({ template, version }) => `${template}@${version}`).join(' + ')
}
