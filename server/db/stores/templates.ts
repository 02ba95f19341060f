import { and, asc, count, countDistinct, desc, eq, gt, ne, sql } from 'drizzle-orm'
import { AppError } from '../../../shared/errors'
import type { TemplateRecord, TemplateStore, TemplateVersionRecord } from '../../ports'
import type { Database, Transaction } from '../client'
import { immediate } from '../client'
import { instanceLayers, instances, templateTags, templateVersions } from '../schema'

/** A version that two people publish in one millisecond: the one written last is the newer. */
const newestFirst = [desc(templateVersions.publishedAt), desc(sql`${templateVersions}.rowid`)]
const NAMES_SHOWN = 5

export function createTemplateStore(db: Database): TemplateStore {
  const template = sql.placeholder('template')
  const ofTemplate = eq(templateVersions.template, template)
  const isLiving = ne(instances.state, 'DESTROYED')
  const exact = and(ofTemplate, eq(templateVersions.version, sql.placeholder('version')))

  const version = db.select().from(templateVersions).where(exact).prepare()
  const versionsOf = db
    .select()
    .from(templateVersions)
    .where(ofTemplate)
    .orderBy(...newestFirst)
    .prepare()
  const newestOf = db
    .select()
    .from(templateVersions)
    .where(ofTemplate)
    .orderBy(...newestFirst)
    .limit(1)
    .prepare()
  const countOf = db.select({ value: count() }).from(templateVersions).where(ofTemplate).prepare()
  const tagsOf = db.select().from(templateTags).where(eq(templateTags.template, template)).prepare()
  const users = db
    .select({ value: countDistinct(instanceLayers.instanceId) })
    .from(instanceLayers)
    .innerJoin(instances, eq(instances.id, instanceLayers.instanceId))
    .where(and(eq(instanceLayers.template, template), isLiving))
    .prepare()
  const usersByVersion = db
    .select({ version: instanceLayers.version, value: countDistinct(instanceLayers.instanceId) })
    .from(instanceLayers)
    .innerJoin(instances, eq(instances.id, instanceLayers.instanceId))
    .where(and(eq(instanceLayers.template, template), isLiving))
    .groupBy(instanceLayers.version)
    .prepare()

  function summary(id: string): TemplateRecord | undefined {
    const newest = newestOf.get({ template: id })
    return (
      newest && {
        template: id,
        versions: countOf.get({ template: id })?.value ?? 0,
        newest,
        tags: Object.fromEntries(tagsOf.all({ template: id }).map(row => [row.tag, row.version])),
        usedBy: users.get({ template: id })?.value ?? 0,
        usage: Object.fromEntries(usersByVersion.all({ template: id }).map(row => [row.version, row.value])),
      }
    )
  }

  return {
    async publish(record, tag) {
      return immediate(db, tx => {
        const existing = findIn(tx, record)
        if (existing) {
          if (existing.sha256 !== record.sha256) throw existsWithOtherBytes(existing)
          if (tag !== undefined) nameIn(tx, record, tag)
          return { created: false, record: existing }
        }
        tx.insert(templateVersions).values(record).run()
        nameIn(tx, record, tag ?? 'latest')
        return { created: true, record }
      })
    },

    async findVersion(id, name) {
      return version.get({ template: id, version: name })
    },

    async versions(id) {
      return versionsOf.all({ template: id })
    },

    async list({ limit, cursor }) {
      const ids = db
        .selectDistinct({ template: templateVersions.template })
        .from(templateVersions)
        .where(cursor === undefined ? undefined : gt(templateVersions.template, cursor))
        .orderBy(asc(templateVersions.template))
        .limit(limit + 1)
        .all()
        .map(row => row.template)
      const shown = ids.slice(0, limit)
      return {
        items: shown.flatMap(id => summary(id) ?? []),
        nextCursor: ids.length > limit ? (shown.at(-1) ?? null) : null,
      }
    },

    async count() {
      return (
        db
          .select({ value: countDistinct(templateVersions.template) })
          .from(templateVersions)
          .get()?.value ?? 0
      )
    },

    async find(id) {
      return summary(id)
    },

    async removeVersion(id, name) {
      return immediate(db, tx => {
        const removed = findIn(tx, { template: id, version: name })
        if (!removed) throw new AppError('NOT_FOUND', `There is no version ${name} of the template ${id}.`)
        refuseInUse(tx, removed)
        const wasLatest = tx
          .select()
          .from(templateTags)
          .where(and(eq(templateTags.template, id), eq(templateTags.tag, 'latest'), eq(templateTags.version, name)))
          .get()
        tx.delete(templateVersions).where(addressOf(removed)).run()
        if (wasLatest) {
          const newest = tx
            .select()
            .from(templateVersions)
            .where(eq(templateVersions.template, id))
            .orderBy(...newestFirst)
            .limit(1)
            .get()
          if (newest) nameIn(tx, newest, 'latest')
        }
        const sharing = tx
          .select()
          .from(templateVersions)
          .where(eq(templateVersions.sha256, removed.sha256))
          .limit(1)
          .get()
        return { removed, blobStillUsed: sharing !== undefined }
      })
    },

    async isBlobUsed(sha256) {
      return db.select().from(templateVersions).where(eq(templateVersions.sha256, sha256)).limit(1).get() !== undefined
    },
  }
}

type Address = Pick<TemplateVersionRecord, 'template' | 'version'>

function addressOf({ template, version }: Address) {
  return and(eq(templateVersions.template, template), eq(templateVersions.version, version))
}

function findIn(tx: Transaction, address: Address): TemplateVersionRecord | undefined {
  return tx.select().from(templateVersions).where(addressOf(address)).get()
}

function nameIn(tx: Transaction, { template, version }: Address, tag: string): void {
  tx.insert(templateTags)
    .values({ template, tag, version })
    .onConflictDoUpdate({ target: [templateTags.template, templateTags.tag], set: { version } })
    .run()
}

function existsWithOtherBytes(existing: TemplateVersionRecord): AppError {
  return new AppError(
    'VERSION_EXISTS',
    `${existing.template}@${existing.version} is published with other bytes (sha256 ${existing.sha256.slice(0, 12)}…), and a version never changes. Publish these bytes under a new version.`,
  )
}

function refuseInUse(tx: Transaction, { template, version }: Address): void {
  const using = tx
    .selectDistinct({ id: instances.id, name: instances.name })
    .from(instanceLayers)
    .innerJoin(instances, eq(instances.id, instanceLayers.instanceId))
    .where(
      and(eq(instanceLayers.template, template), eq(instanceLayers.version, version), ne(instances.state, 'DESTROYED')),
    )
    .orderBy(asc(instances.name))
    .all()
  if (using.length === 0) return
  const names = using.slice(0, NAMES_SHOWN).map(instance => instance.name)
  const more = using.length > NAMES_SHOWN ? ` and ${using.length - NAMES_SHOWN} more` : ''
  throw new AppError(
    'TEMPLATE_IN_USE',
    `${template}@${version} is a layer of ${using.length === 1 ? 'the server' : `${using.length} servers:`} ${names.join(', ')}${more}. Give them another version or destroy them first.`,
  )
}
