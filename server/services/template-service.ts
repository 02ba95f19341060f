import type { Readable } from 'node:stream'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { LayerIndex } from '../../shared/schemas/layer-index'
import type { TemplateSummary, TemplateVersionView, TemplateView } from '../../shared/schemas/template'
import type { TemplateType } from '../../shared/schemas/template-type'
import { layerKey } from '../domain/object-keys'
import type { Clock, FactStore, ObjectStore, PanelBus, Principal, TemplateStore, TemplateVersionRecord } from '../ports'
import type { IndexLibrary } from './index-library'
import type { KeyedLock } from './keyed-lock'
import { storeAndJudge } from './store-and-judge'
import { presentTemplate, presentVersion } from './template-views'
import { createUnusedObjects } from './unused-objects'

/** What a request says about an archive beside its bytes. */
export interface PublishRequest {
  template: string
  version: string
  type?: TemplateType
  description?: string
  /** The tag that moves here, also when the version is there already. Left out: `latest`, and only for a new version. */
  tag?: string
}

export interface TemplateService {
  /**
   * Judges an archive while it streams in and publishes it: version, tag, bytes and index appear together or not at all.
   * The same bytes at the same address again: `created` is false, and nothing changes but the tag, if one is said.
   * `body` is destroyed in any case.
   *
   * @throws AppError with a code of the archives; METADATA_INVALID when `strata.yaml` says another id or type than the
   *   request, TYPE_MISSING when neither says one; VERSION_EXISTS for other bytes; BAD_REQUEST for a body that broke
   *   off; DISK_FULL.
   */
  publish(
    by: Pick<Principal, 'actor'>,
    request: PublishRequest,
    body: Readable,
  ): Promise<{ created: boolean; version: TemplateVersionView }>
  list(page: { limit: number; cursor?: string }): Promise<{ items: TemplateSummary[]; nextCursor: string | null }>
  /** NOT_FOUND for one without any version. */
  get(template: string): Promise<TemplateView>
  /** Index of a version. */
  files(template: string, version: string): Promise<LayerIndex>
  /** An address that gives the archive as it was published, for a few minutes. */
  downloadUrl(template: string, version: string): Promise<string>
  /**
   * The bytes go too when no other version has them. NOT_FOUND, TEMPLATE_IN_USE.
   */
  remove(template: string, version: string): Promise<TemplateVersionRecord>
  /**
   * Removes objects that no version has pointed to for a while: what a brain left that died between storing and
   * publishing, or between removing and deleting. Ends early, without an error, once `signal` aborts.
   */
  sweep(signal?: AbortSignal): Promise<{ removed: number }>
}

export interface TemplateServiceDeps {
  templates: TemplateStore
  objects: ObjectStore
  indexes: IndexLibrary
  /** One holder for each sha256: publishing and deleting the same bytes must not cross. */
  blobLock: KeyedLock
  panel: Pick<PanelBus, 'publish'>
  facts: FactStore
  clock: Pick<Clock, 'now'>
}

export function createTemplateService(deps: TemplateServiceDeps): TemplateService {
  const { templates, objects, indexes, blobLock, panel, clock } = deps
  const unused = createUnusedObjects(deps)

  /** Only under the lock of the bytes. */
  async function dropUnusedBlob(sha256: string): Promise<boolean> {
    if (await templates.isBlobUsed(sha256)) return false
    await objects.remove(layerKey(sha256))
    await indexes.remove(sha256)
    return true
  }

  async function requireVersion(template: string, version: string): Promise<TemplateVersionRecord> {
    const record = await templates.findVersion(template, version)
    if (!record) throw new AppError('NOT_FOUND', `There is no version ${version} of the template ${template}.`)
    return record
  }

  async function view(record: TemplateVersionRecord): Promise<TemplateVersionView> {
    const found = await templates.find(record.template)
    return presentVersion(record, found ?? { tags: {}, usage: {} })
  }

  /** The bytes are stored and locked: what follows is either a version that points to them, or their end. */
  async function commit(record: TemplateVersionRecord, index: LayerIndex, tag: string | undefined) {
    try {
      await indexes.write(index)
      return await templates.publish(record, tag)
    } catch (error) {
      await dropUnusedBlob(record.sha256)
      throw error
    }
  }

  return {
    async publish(by, request, body) {
      let unlock = () => {}
      try {
        const { index, approved } = await storeAndJudge(objects, body, async judged => {
          const record = toRecord(request, judged, { at: clock.now(), by: by.actor.name })
          unlock = await blobLock.acquire(judged.sha256)
          return { key: record.objectKey, record }
        })
        const published = await commit(approved.record, index, request.tag)
        if (published.created || request.tag)
          panel.publish('template.changed', { id: request.template }, 'template.read')
        return { created: published.created, version: await view(published.record) }
      } finally {
        unlock()
      }
    },

    async list(page) {
      const { items, nextCursor } = await templates.list(page)
      return { items: items.map(presentTemplate), nextCursor }
    },

    async get(template) {
      const found = await templates.find(template)
      if (!found) throw new AppError('NOT_FOUND', `There is no template ${template}.`)
      const versions = await templates.versions(template)
      return { ...presentTemplate(found), versions: versions.map(record => presentVersion(record, found)) }
    },

    async files(template, version) {
      return indexes.read((await requireVersion(template, version)).sha256)
    },

    async downloadUrl(template, version) {
      const record = await requireVersion(template, version)
      const fileName = `${template}@${version}${await archiveSuffix(objects, record.objectKey)}`
      return objects.signedUrl(record.objectKey, { expiresInMs: POLICY.transfer.ticketMs, fileName })
    },

    async remove(template, version) {
      const { sha256 } = await requireVersion(template, version)
      const unlock = await blobLock.acquire(sha256)
      try {
        const { removed, blobStillUsed } = await templates.removeVersion(template, version)
        if (!blobStillUsed) await dropUnusedBlob(sha256)
        panel.publish('template.changed', { id: template }, 'template.read')
        return removed
      } finally {
        unlock()
      }
    },

    async sweep(signal) {
      const stored = new Set<string>()
      for (const prefix of ['layers/', 'indexes/']) {
        for await (const { key } of objects.list(prefix)) stored.add(key.slice(key.lastIndexOf('/') + 1))
      }
      const look = await unused.look()
      let removed = 0
      for (const sha256 of stored) {
        if (signal?.aborted) return { removed }
        const unlock = await blobLock.acquire(sha256)
        try {
          if ((await templates.isBlobUsed(sha256)) || !look.mayGo(sha256)) continue
          if (await dropUnusedBlob(sha256)) removed += 1
        } finally {
          unlock()
        }
      }
      await look.finish()
      return { removed }
    },
  }
}

/** What is published, from the request and from what the archive says of itself; the two must agree. */
function toRecord(
  request: PublishRequest,
  index: LayerIndex,
  published: { at: number; by: string },
): TemplateVersionRecord {
  const { manifest } = index
  if (manifest.id !== undefined && manifest.id !== request.template) {
    throw metadata(
      'id',
      `says "${manifest.id}", but the archive was sent to the template "${request.template}". Send it there, or leave id out`,
    )
  }
  if (manifest.type && request.type && manifest.type !== request.type) {
    throw metadata('type', `says "${manifest.type}", but the request says "${request.type}". Leave one of them out`)
  }
  const type = request.type ?? manifest.type
  if (!type) {
    throw new AppError(
      'TYPE_MISSING',
      'Neither the address (?type=) nor strata.yaml (type:) says what this is: master, gamemode, map or custom.',
    )
  }
  return {
    template: request.template,
    version: request.version,
    type,
    description: request.description ?? manifest.description ?? '',
    sha256: index.sha256,
    sizeBytes: index.sizeBytes,
    unpackedBytes: index.unpackedBytes,
    files: index.entries.filter(entry => entry.type === 'file').length,
    duplicates: index.duplicates,
    objectKey: layerKey(index.sha256),
    manifest,
    publishedAt: published.at,
    publishedBy: published.by,
  }
}

function metadata(key: string, message: string): AppError {
  return new AppError('METADATA_INVALID', `strata.yaml: ${key} ${message}.`, {
    issues: [{ path: `strata.yaml: ${key}`, message }],
  })
}

/** By the first bytes, as `file` would: RFC 1952 and RFC 8878. */
async function archiveSuffix(objects: ObjectStore, key: string): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of await objects.get(key, { start: 0, end: 3 })) chunks.push(chunk as Buffer)
  const magic = Buffer.concat(chunks).toString('hex')
  if (magic.startsWith('1f8b')) return '.tar.gz'
  return magic === '28b52ffd' ? '.tar.zst' : '.tar'
}
