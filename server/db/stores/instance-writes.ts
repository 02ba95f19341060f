import { and, eq, getTableColumns, notInArray, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { AppError } from '../../../shared/errors'
import type { InstancePort, LockedLayer } from '../../../shared/schemas/instance'
import { hostPortsOf } from '../../domain/ports/port-ranges'
import type { Committed, InstanceRecord, InstanceStore, NewInstanceEvent } from '../../ports'
import type { Database, Transaction } from '../client'
import { immediate } from '../client'
import { instanceEvents, instanceLayers, instances, portClaims, templateVersions } from '../schema'
import { violatesUnique } from '../sqlite-error'
import { removeGrantsOver } from './grants'
import { toEvent, toEventRow, toInstanceRecord, toInstanceRow } from './instance-rows'

/** The two ways an instance is written, each one transaction. */
export function createInstanceWrites(db: Database): Pick<InstanceStore, 'create' | 'commit'> {
  // One connection: what is prepared here runs inside the transactions below.
  const byId = db
    .select()
    .from(instances)
    .where(eq(instances.id, sql.placeholder('id')))
    .prepare()
  const update = db
    .update(instances)
    .set(placeholders(instances))
    .where(eq(instances.id, sql.placeholder('id')))
    .prepare()
  const { id: _id, ...eventColumns } = placeholders(instanceEvents)
  const insertEvent = db.insert(instanceEvents).values(eventColumns).returning().prepare()

  const writeEvents = (record: InstanceRecord, events: readonly NewInstanceEvent[]): Committed['events'] =>
    events.map(event => toEvent(insertEvent.get(toEventRow(record.id, record.updatedAt, event))))

  return {
    async create(record, events) {
      return inWords(record, () =>
        immediate(db, tx => {
          tx.insert(instances).values(toInstanceRow(record)).run()
          writeLayers(tx, record.id, record.layers)
          claimPorts(tx, record)
          return { record, events: writeEvents(record, events) }
        }),
      )
    },

    async commit({ id, expectedRevision, change, events }) {
      return inWords(change, () =>
        immediate(db, (tx): Committed => {
          const row = byId.get({ id })
          if (!row) throw new AppError('NOT_FOUND', `There is no server with the id ${id}.`)
          if (row.revision !== expectedRevision) {
            throw new AppError(
              'REVISION_CONFLICT',
              `"${row.name}" is at revision ${row.revision}, not ${expectedRevision}: it was changed meanwhile. Read it again, then repeat what you want.`,
            )
          }
          const before = toInstanceRecord(row)
          const record: InstanceRecord = { ...before, ...change, revision: before.revision + 1 }
          update.run(toInstanceRow(record))
          if (change.layers) writeLayers(tx, id, change.layers)
          if (holdsOtherPorts(before, record)) claimPorts(tx, record)
          if (record.state === 'DESTROYED') removeGrantsOver(tx, { kind: 'instance', id: record.id })
          return { record, events: writeEvents(record, events) }
        }),
      )
    },
  }
}

/** Rows of the lock list. A version that was removed since it was looked up must not be locked any more. */
function writeLayers(tx: Transaction, instanceId: string, layers: readonly LockedLayer[]): void {
  tx.delete(instanceLayers).where(eq(instanceLayers.instanceId, instanceId)).run()
  for (const [position, layer] of layers.entries()) {
    const { template, version } = layer
    const published = tx
      .select({ sha256: templateVersions.sha256 })
      .from(templateVersions)
      .where(and(eq(templateVersions.template, template), eq(templateVersions.version, version)))
      .get()
    if (published?.sha256 !== layer.sha256) {
      const message = `${template}@${version} does not exist any more`
      throw new AppError('UNKNOWN_LAYER', `${message}. Choose another version.`, {
        issues: [{ path: `layers[${position}]`, message }],
      })
    }
    tx.insert(instanceLayers)
      .values({ ...layer, instanceId, position })
      .run()
  }
}

/** Makes the claims exactly those of the record: what is wanted and what still runs. A destroyed instance holds nothing. */
function claimPorts(tx: Transaction, record: InstanceRecord): void {
  const { id: instanceId, nodeId } = record
  const wanted = nodeId === null || record.state === 'DESTROYED' ? [] : hostPortsOf(portsHeld(record))
  const kept = wanted.map(({ protocol, port }) => sql`${protocol} || '/' || ${port}`)
  const key = sql`${portClaims.protocol} || '/' || ${portClaims.port}`
  const isOfAnother =
    nodeId === null || wanted.length === 0
      ? undefined
      : sql`(${portClaims.nodeId} <> ${nodeId} or ${notInArray(key, kept)})`
  tx.delete(portClaims)
    .where(and(eq(portClaims.instanceId, instanceId), isOfAnother))
    .run()
  if (nodeId === null) return
  for (const { protocol, port } of wanted) {
    const holder = tx
      .select({ id: portClaims.instanceId })
      .from(portClaims)
      .where(and(eq(portClaims.nodeId, nodeId), eq(portClaims.protocol, protocol), eq(portClaims.port, port)))
      .get()
    if (holder?.id === instanceId) continue
    if (holder)
      throw new AppError(
        'PORT_UNAVAILABLE',
        `Port ${port}/${protocol} is held by another server of the node. Choose another port, or leave it to Strata.`,
      )
    tx.insert(portClaims).values({ nodeId, protocol, port, instanceId }).run()
  }
}

function portsHeld({ ports, portsInUse }: Pick<InstanceRecord, 'ports' | 'portsInUse'>): InstancePort[] {
  return portsInUse ? [...ports, ...portsInUse] : ports
}

function holdsOtherPorts(before: InstanceRecord, after: InstanceRecord): boolean {
  return (
    before.nodeId !== after.nodeId ||
    before.ports !== after.ports ||
    before.portsInUse !== after.portsInUse ||
    (after.state === 'DESTROYED' && before.state !== 'DESTROYED')
  )
}

/** Every column of a table as a placeholder of its own name, encoded as the column is. */
function placeholders<Table extends SQLiteTable>(table: Table) {
  const columns = Object.entries<SQLiteColumn>(getTableColumns<SQLiteTable>(table))
  const encoded = columns.map(([name, column]) => [name, sql`${sql.param(sql.placeholder(name), column)}`])
  return Object.fromEntries(encoded) as { [Name in keyof Table['_']['columns']]: SQL }
}

function inWords<Result>({ name }: { name?: string }, write: () => Result): Result {
  try {
    return write()
  } catch (error) {
    if (!violatesUnique(error, 'instances.name')) throw error
    throw new AppError(
      'NAME_TAKEN',
      `There is a server named "${name}" already. Choose another name, or destroy that one first.`,
      { cause: error },
    )
  }
}
