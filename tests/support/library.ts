import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createFactStore } from '../../server/db/stores/facts'
import { createTemplateStore } from '../../server/db/stores/templates'
import type { ObjectStore, TemplateStore } from '../../server/ports'
import { createIndexLibrary } from '../../server/services/index-library'
import type { IndexLibrary } from '../../server/services/index-library'
import { createKeyedLock } from '../../server/services/keyed-lock'
import type { KeyedLock } from '../../server/services/keyed-lock'
import { createLayerSource } from '../../server/services/layer-source'
import { createTemplateService } from '../../server/services/template-service'
import { openDiskStore } from '../../server/store/disk'
import type { TemplateType } from '../../shared/schemas/template-type'
import { openTestDatabase } from './database'
import { temporaryFolder } from './temporary-folder'

/** The parts of a library that a test may look at or replace. */
export interface LibraryParts {
  templates: TemplateStore
  objects: ObjectStore
  indexes: IndexLibrary
  blobLock: KeyedLock
}

/** The templates of a brain over a database in memory and a disk store in a folder of their own, without HTTP. */
export async function openTestLibrary(change: (parts: LibraryParts) => Partial<LibraryParts> = () => ({})) {
  const folder = await temporaryFolder()
  const database = openTestDatabase()
  const objects = openDiskStore({
    root: join(folder.path, 'objects'),
    urlSecret: randomBytes(32),
    clock: { now: () => 0 },
  })
  const usual: LibraryParts = {
    templates: createTemplateStore(database.db),
    objects,
    indexes: createIndexLibrary(objects),
    blobLock: createKeyedLock(),
  }
  const parts = { ...usual, ...change(usual) }
  const clock = { at: 0, now: () => clock.at }
  const service = createTemplateService({
    ...parts,
    panel: { publish: () => {} },
    facts: createFactStore(database.db),
    clock,
  })
  return {
    ...parts,
    clock,
    service,
    layers: createLayerSource(parts),
    root: join(folder.path, 'objects'),
    /** @param address `id@version` */
    publish(address: string, archive: Buffer, tag?: string, type: TemplateType = 'map') {
      const [template = '', version = ''] = address.split('@')
      const by = { actor: { kind: 'system' as const, id: null, name: 'test' } }
      return service.publish(by, { template, version, type, tag }, Readable.from([archive]))
    },
    async close() {
      database.close()
      await folder.remove()
    },
  }
}
