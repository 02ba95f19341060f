import { and, count, desc, eq, inArray, isNotNull, lt, ne, or, sql } from 'drizzle-orm'
import { INSTANCE_STATE_NAMES } from '../../../shared/domain/instance-state'
import type { InstanceState } from '../../../shared/domain/instance-state'
import type { InstanceFilter, InstanceStore, NodeUsage } from '../../ports'
import type { Database } from '../client'
import { instanceEvents, instanceLayers, instances, portClaims } from '../schema'
import { toEvent, toInstanceRecord } from './instance-rows'

const isLiving = ne(instances.state, 'DESTROYED')

/** Everything that reads more than one instance. */
export function createInstanceLists(
  db: Database,
): Pick<InstanceStore, 'list' | 'living' | 'briefs' | 'restless' | 'events' | 'recentEvents' | 'countByState'> {
  const restless = db
    .select({ id: instances.id, nodeId: instances.nodeId })
    .from(instances)
    .where(eq(instances.atRest, false))
    .prepare()
  const living = db.select().from(instances).where(isLiving).prepare()
  const briefs = db
    .select({
      id: instances.id,
      name: instances.name,
      nodeId: instances.nodeId,
      state: instances.state,
      desired: instances.desired,
      restarts: sql<number>`coalesce(json_extract(${instances.observed}, '$.restarts'), 0)`,
    })
    .from(instances)
    .where(isLiving)
    .prepare()
  const livingOfNode = db
    .select()
    .from(instances)
    .where(and(eq(instances.nodeId, sql.placeholder('nodeId')), isLiving))
    .prepare()
  const eventsBefore = db
    .select()
    .from(instanceEvents)
    .where(and(eq(instanceEvents.instanceId, sql.placeholder('id')), lt(instanceEvents.id, sql.placeholder('before'))))
    .orderBy(desc(instanceEvents.id))
    .limit(sql.placeholder('limit'))
    .prepare()
  const newestEvents = db
    .select()
    .from(instanceEvents)
    .orderBy(desc(instanceEvents.id))
    .limit(sql.placeholder('limit'))
    .prepare()
  const newestEventsOf = (ids: readonly string[], limit: number) =>
    db
      .select()
      .from(instanceEvents)
      .where(inArray(instanceEvents.instanceId, ids))
      .orderBy(desc(instanceEvents.id))
      .limit(limit)
  const states = db
    .select({ state: instances.state, value: count() })
    .from(instances)
    .groupBy(instances.state)
    .prepare()
  const statesOf = (ids: readonly string[]) =>
    db
      .select({ state: instances.state, value: count() })
      .from(instances)
      .where(inArray(instances.id, ids))
      .groupBy(instances.state)

  return {
    async list(filter) {
      const rows = db
        .select()
        .from(instances)
        .where(matching(db, filter))
        .orderBy(desc(instances.id))
        .limit(filter.limit + 1)
        .all()
      const items = rows.slice(0, filter.limit).map(toInstanceRecord)
      return { items, nextCursor: rows.length > filter.limit ? (items.at(-1)?.id ?? null) : null }
    },
    async living(nodeId) {
      return (nodeId === undefined ? living.all() : livingOfNode.all({ nodeId })).map(toInstanceRecord)
    },
    async briefs() {
      return briefs.all()
    },
    async restless() {
      return restless.all()
    },
    async events(id, { limit, cursor }) {
      const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor)
      const rows = eventsBefore.all({ id, before, limit: limit + 1 })
      const items = rows.slice(0, limit).map(toEvent)
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
    },
    async recentEvents(limit, reach = 'all') {
      const rows = reach === 'all' ? newestEvents.all({ limit }) : newestEventsOf([...reach], limit).all()
      return rows.map(toEvent)
    },
    async countByState(reach = 'all') {
      const rows = reach === 'all' ? states.all() : statesOf([...reach]).all()
      const counts = new Map(rows.map(row => [row.state, row.value]))
      return Object.fromEntries(INSTANCE_STATE_NAMES.map(state => [state, counts.get(state) ?? 0])) as Record<
        InstanceState,
        number
      >
    },
  }
}

/** What living instances hold of nodes. */
export function createUsageQueries(db: Database): Pick<InstanceStore, 'usageByNode' | 'usageOf' | 'claimedPorts'> {
  const sums = {
    nodeId: sql<string>`${instances.nodeId}`,
    total: count(),
    running: sql<number>`sum(${instances.state} = 'RUNNING')`,
    memoryMb: sql<number>`sum(${instances.reservedMemoryMb})`,
    cpus: sql<number>`sum(${instances.reservedCpus})`,
    diskMb: sql<number>`sum(${instances.reservedDiskMb})`,
  }
  const byNode = db
    .select(sums)
    .from(instances)
    .where(and(isNotNull(instances.nodeId), isLiving))
    .groupBy(instances.nodeId)
    .prepare()
  const ofNode = db
    .select(sums)
    .from(instances)
    .where(and(eq(instances.nodeId, sql.placeholder('nodeId')), isLiving))
    .groupBy(instances.nodeId)
    .prepare()
  const claims = db
    .select({ protocol: portClaims.protocol, port: portClaims.port, instanceId: portClaims.instanceId })
    .from(portClaims)
    .where(eq(portClaims.nodeId, sql.placeholder('nodeId')))
    .prepare()
  return {
    async usageByNode() {
      return byNode.all()
    },
    async usageOf(nodeId): Promise<NodeUsage> {
      return ofNode.get({ nodeId }) ?? { nodeId, total: 0, running: 0, memoryMb: 0, cpus: 0, diskMb: 0 }
    },
    async claimedPorts(nodeId) {
      return claims.all({ nodeId })
    },
  }
}

function matching(db: Database, { states, nodeId, template, text, reach = 'all', cursor }: InstanceFilter) {
  const like = text && `%${text.replaceAll(/[\\%_]/g, sign => `\\${sign}`)}%`
  return and(
    states ? inArray(instances.state, [...states]) : isLiving,
    reach === 'all' ? undefined : inArray(instances.id, [...reach]),
    nodeId === undefined ? undefined : eq(instances.nodeId, nodeId),
    template === undefined ? undefined : inArray(instances.id, usersOf(db, template)),
    like
      ? or(sql`${instances.name} like ${like} escape '\\'`, sql`${instances.description} like ${like} escape '\\'`)
      : undefined,
    cursor === undefined ? undefined : lt(instances.id, cursor),
  )
}

/** Not a correlated query: SQLite would look through all users of the template for every instance. */
function usersOf(db: Database, template: string) {
  return db.select({ id: instanceLayers.instanceId }).from(instanceLayers).where(eq(instanceLayers.template, template))
}
