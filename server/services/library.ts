import type { Clock, FactStore, LayerSource, ObjectStore, PanelBus, TemplateStore } from '../ports'
import { createIndexLibrary } from './index-library'
import type { KeyedLock } from './keyed-lock'
import { createLayerSource } from './layer-source'
import type { ServiceLog } from './service-log'
import { createStackService } from './stack-service'
import type { StackService } from './stack-service'
import { createTemplateService } from './template-service'
import type { TemplateService } from './template-service'

/** Templates, wired: publishing, what instances and stacks need of them, and keeping the object store tidy. */
export interface Library {
  templates: TemplateService
  layers: LayerSource
  stacks: StackService
  /** Begins to remove objects that no version has pointed to for a while; nothing waits for it. */
  start(): void
  /** Resolves when that is over; then the database may be closed. */
  stop(): Promise<void>
}

export function createLibrary(deps: {
  templates: TemplateStore
  objects: ObjectStore
  /** One holder for each sha256: publishing, deleting and moving the same bytes must not cross. */
  blobLock: KeyedLock
  panel: Pick<PanelBus, 'publish'>
  facts: FactStore
  clock: Pick<Clock, 'now'>
  log: ServiceLog
}): Library {
  const { objects, panel, clock, log } = deps
  const indexes = createIndexLibrary(objects)
  const layers = createLayerSource({ templates: deps.templates, objects, indexes })
  const templates = createTemplateService({
    templates: deps.templates,
    objects,
    indexes,
    blobLock: deps.blobLock,
    panel,
    facts: deps.facts,
    clock,
  })
  const stopping = new AbortController()
  let sweeping = Promise.resolve()

  async function sweep(): Promise<void> {
    try {
      const { removed } = await templates.sweep(stopping.signal)
      if (removed > 0) log.info({ removed }, 'Objects that no template version points to were removed')
    } catch (error) {
      log.error({ err: error }, 'The object store could not be tidied; it is tried again at the next start')
    }
  }

  return {
    templates,
    layers,
    stacks: createStackService({ layers }),
    start() {
      sweeping = sweep()
    },
    async stop() {
      stopping.abort()
      await sweeping
    },
  }
}
