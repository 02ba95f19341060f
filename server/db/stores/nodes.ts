import { and, asc, eq, gt, lte, ne, sql } from 'drizzle-orm'
import { AppError } from '../../../shared/errors'
import type { NodeStore } from '../../ports'
import type { Database } from '../client'
import { immediate } from '../client'
import { instances, nodes, portQuarantine, scopeVariables } from '../schema'
import { violatesUnique } from '../sqlite-error'

export function createNodeStore(db: Database): NodeStore {
  const byId = db
    .select()
    .from(nodes)
    .where(eq(nodes.id, sql.placeholder('id')))
    .prepare()
  const byJoinToken = db
    .select()
    .from(nodes)
    .where(eq(nodes.joinTokenHash, sql.placeholder('hash')))
    .prepare()
  const all = db.select().from(nodes).orderBy(asc(nodes.id)).prepare()
  const setSeen = db
    .update(nodes)
    .set({ lastSeenAt: sql`${sql.placeholder('at')}` })
    .where(eq(nodes.id, sql.placeholder('id')))
    .prepare()
  const quarantined = db
    .select({ protocol: portQuarantine.protocol, port: portQuarantine.port })
    .from(portQuarantine)
    .where(and(eq(portQuarantine.nodeId, sql.placeholder('nodeId')), gt(portQuarantine.until, sql.placeholder('now'))))
    .prepare()

  return {
    async create(record) {
      inWords(record, () => db.insert(nodes).values(record).run())
    },
    async find(id) {
      return byId.get({ id })
    },
    async findByJoinTokenHash(hash) {
      return byJoinToken.get({ hash })
    },
    async list() {
      return all.all()
    },
    async update(id, change) {
      const row = inWords(change, () => db.update(nodes).set(change).where(eq(nodes.id, id)).returning().get())
      if (!row) throw new AppError('NOT_FOUND', `There is no node with the id ${id}.`)
      return row
    },
    async seen(entries) {
      immediate(db, () => {
        for (const entry of entries) setSeen.run(entry)
      })
    },
    async joinWithToken(id, tokenHash, secretHash, at) {
      const joined = db
        .update(nodes)
        .set({ pendingSecretHash: secretHash })
        .where(and(eq(nodes.id, id), eq(nodes.joinTokenHash, tokenHash), gt(nodes.joinTokenExpiresAt, at)))
        .run()
      return joined.changes === 1
    },
    async remove(id) {
      immediate(db, tx => {
        const holds = and(eq(instances.nodeId, id), ne(instances.state, 'DESTROYED'))
        const held = tx.select({ name: instances.name }).from(instances).where(holds).limit(1).get()
        if (held) throw new AppError('NODE_IN_USE', `The node still holds "${held.name}". Destroy it first.`)
        tx.delete(scopeVariables)
          .where(and(eq(scopeVariables.scope, 'node'), eq(scopeVariables.scopeId, id)))
          .run()
        tx.delete(nodes).where(eq(nodes.id, id)).run()
      })
    },
    async quarantinePort(nodeId, protocol, port, until, now) {
      db.delete(portQuarantine).where(lte(portQuarantine.until, now)).run()
      const target = [portQuarantine.nodeId, portQuarantine.protocol, portQuarantine.port]
      db.insert(portQuarantine)
        .values({ nodeId, protocol, port, until })
        .onConflictDoUpdate({ target, set: { until } })
        .run()
    },
    async quarantinedPorts(nodeId, now) {
      return quarantined.all({ nodeId, now })
    },
  }
}

function inWords<Result>({ name }: { name?: string }, write: () => Result): Result {
  try {
    return write()
  } catch (error) {
    if (!violatesUnique(error, 'nodes.name')) throw error
    throw new AppError('NAME_TAKEN', `There is a node named "${name}" already. Choose another name.`, { cause: error })
  }
}
