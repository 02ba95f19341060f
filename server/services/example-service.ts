import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError, isAppError } from '../../shared/errors'
import { createInstanceBody } from '../../shared/schemas/instance'
import type { Instance } from '../../shared/schemas/instance'
import { SYSTEM } from '../domain/instance-change'
import type { InstanceService } from './instance-service'
import type { OperationService } from './operation-service'
import { packFolder } from './pack-folder'
import type { ServiceLog } from './service-log'
import type { TemplateService } from './template-service'

/** From the bottom up. */
const LAYERS = ['hello-base', 'hello-gamemode', 'hello-map'] as const
const LAYERS_VERSION = '1.0.0'
const SERVER_NAME = 'hello'
const KIND = 'example.setup'
const SUBJECT = { kind: 'brain', id: 'example' }
const WISH = { kind: KIND, subject: SUBJECT, by: SYSTEM, needs: 'instance.operate' } as const

/** How the example stands. `instanceId` null: it could not be made, and `message` says why. */
export interface ExampleNews {
  instanceId: string | null
  name: string
  state: string
  address: string | null
  runtime: string | null
  message: string | null
}

export interface ExampleService {
  /**
   * On the first start publishes the example layers and makes one server of them; never again once that was done, also
   * when somebody destroyed it since. Then, and at every later start, tells how that server stands. What was interrupted
   * or failed is taken up again at the next start. Never throws: nothing depends on the example.
   *
   * @param nodeId where the server goes; null: wherever it fits
   */
  start(nodeId: string | null): Promise<void>
}

export interface ExampleServiceDeps {
  templates: Pick<TemplateService, 'publish'>
  instances: Pick<InstanceService, 'create' | 'get' | 'list'>
  operations: Pick<OperationService, 'run' | 'findDone'>
  /** Calls the listener with every instance that changes. */
  onInstanceChanged(listener: (instance: Instance) => void): void
  tell(news: ExampleNews): void
  /** Finds the folder of the example layers. */
  folder: () => string
  log: ServiceLog
}

export function createExampleService(deps: ExampleServiceDeps): ExampleService {
  const { templates, instances, operations, onInstanceChanged, tell, log } = deps
  let told = ''

  function tellOnce(news: ExampleNews): void {
    const text = JSON.stringify(news)
    if (text !== told) tell(news)
    told = text
  }

  async function setUp(nodeId: string | null): Promise<string> {
    const { result } = await operations.run(WISH, async operation => {
      const folder = deps.folder()
      const steps = LAYERS.length + 1
      for (const [done, template] of LAYERS.entries()) {
        operation.progress({ done, total: steps, step: `Publishing ${template}` })
        await templates.publish(
          { actor: SYSTEM },
          { template, version: LAYERS_VERSION },
          packFolder(join(folder, template)),
        )
      }
      operation.progress({ done: LAYERS.length, total: steps, step: 'Creating the server' })
      const { id } = (await findMade()) ?? (await create(nodeId))
      return { instanceId: id }
    })
    return String(result?.instanceId)
  }

  /** The brain may have died between making the server and writing down that all was done. */
  async function findMade(): Promise<Instance | undefined> {
    const { items } = await instances.list({ template: LAYERS[0], text: SERVER_NAME, limit: 50 })
    return items.find(({ name }) => name === SERVER_NAME)
  }

  function create(nodeId: string | null): Promise<Instance> {
    const wanted = createInstanceBody.parse({
      name: SERVER_NAME,
      description:
        'Made from the example layers on the first start. Destroy it whenever you like; it does not come back.',
      layers: LAYERS.map(template => ({ template, version: LAYERS_VERSION })),
      ...(nodeId === null ? {} : { placement: { node: nodeId } }),
    })
    return instances.create(SYSTEM, wanted, { allowProcessFallback: true })
  }

  /** undefined for one that is gone: there is nothing to tell of it any more. */
  async function follow(instanceId: string): Promise<void> {
    onInstanceChanged(instance => {
      if (instance.id === instanceId) tellOnce(newsOf(instance))
    })
    tellOnce(newsOf(await instances.get(instanceId)))
  }

  return {
    async start(nodeId) {
      try {
        const done = await operations.findDone(KIND, SUBJECT)
        await follow(done ? String(done.result?.instanceId) : await setUp(nodeId))
      } catch (error) {
        const message = isAppError(error) ? error.detail : 'The log of the brain says more.'
        log.error({ err: error }, 'The example could not be set up; it is tried again at the next start')
        tellOnce({ instanceId: null, name: SERVER_NAME, state: 'FAILED', address: null, runtime: null, message })
      }
    },
  }
}

function newsOf({ id, name, address, runtime, reason, ...instance }: Instance): ExampleNews {
  // A port that a stranger holds was changed for another already: it failed, and goes on by itself.
  const isBeingMended =
    instance.state === 'FAILED' &&
    instance.desired === 'running' &&
    (instance.appliedGeneration ?? instance.generation) < instance.generation
  const state = isBeingMended ? 'PREPARING' : instance.state
  const why =
    reason?.message ?? (state === 'RUNNING' && runtime === 'docker' ? 'Docker answers on this machine.' : null)
  return { instanceId: id, name, state, address, runtime, message: why }
}

/**
 * The folder of the example layers: the nearest `examples/hello` above this file, beside the sources or beside the
 * bundle. NOT_FOUND when a build left it out.
 */
export function findExampleFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'examples', 'hello')
    if (existsSync(join(candidate, LAYERS[0], 'strata.yaml'))) return candidate
    if (folder === dirname(folder))
      throw new AppError('NOT_FOUND', 'The folder examples/hello is missing; build again with npm start.')
  }
}
