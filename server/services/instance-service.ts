import type { Actor, InstanceEvent } from '../../shared/schemas/event'
import type { CreateInstance, Instance, PatchInstance, PlacementExplanation } from '../../shared/schemas/instance'
import { AppError } from '../../shared/errors'
import { wishDestroy, wishKill, wishRestart, wishRetry, wishStart, wishStop } from '../domain/wishes/lifecycle'
import type { Wish } from '../domain/wishes/lifecycle'
import { wishNewImage } from '../domain/wishes/update-image'
import type { EffectiveVariable } from '../../shared/schemas/scope-variable'
import type { InstanceFilter, InstancePresenter, InstanceRecord, InstanceStore } from '../ports'
import type { createEffectiveVariables } from './effective-variables'
import type { createInstanceConsole } from './instance-console'
import type { CreationOptions, createInstanceCreation } from './instance-creation'
import type { createPatch } from './instance-patch'
import type { InstanceWriter } from './instance-writer'
import { untilPortsHold } from './port-retry'
import type { Reconciler } from './reconciler'

/**
 * What people and scripts do with instances. Wishes are written and answered at once, whether or not a node can be
 * reached; the reconciler carries them out. Every method throws NOT_FOUND for an instance that does not exist.
 */
export interface InstanceService {
  create(actor: Actor, input: CreateInstance, options?: CreationOptions): Promise<Instance>
  explain(input: CreateInstance): Promise<PlacementExplanation>
  list(filter: InstanceFilter): Promise<{ items: Instance[]; nextCursor: string | null }>
  get(id: string): Promise<Instance>
  /** REVISION_CONFLICT when the instance is not at `expectedRevision` any more. */
  patch(actor: Actor, id: string, patch: PatchInstance, expectedRevision?: number): Promise<Instance>
  start(actor: Actor, id: string): Promise<Instance>
  stop(actor: Actor, id: string): Promise<Instance>
  restart(actor: Actor, id: string): Promise<Instance>
  kill(actor: Actor, id: string): Promise<Instance>
  retry(actor: Actor, id: string): Promise<Instance>
  destroy(actor: Actor, id: string): Promise<Instance>
  /** The next start takes what the image's name means then; what runs goes on. */
  updateImage(actor: Actor, id: string): Promise<Instance>
  input(id: string, line: string): Promise<Instance>
  /** A line as the audit log may keep it: without the values of the server's secrets. */
  hideSecrets(id: string, line: string): Promise<string>
  /** Every variable as the next start fills it in, with its origin. */
  variables(id: string): Promise<EffectiveVariable[]>
  logs(id: string, query: { tail: number; run?: string | undefined }): Promise<string>
  events(
    id: string,
    page: { limit: number; cursor?: string },
  ): Promise<{ items: InstanceEvent[]; nextCursor: string | null }>
}

export interface InstanceServiceDeps {
  instances: Pick<InstanceStore, 'find' | 'list' | 'events'>
  presenter: InstancePresenter
  writer: Pick<InstanceWriter, 'change'>
  creation: ReturnType<typeof createInstanceCreation>
  patch: ReturnType<typeof createPatch>
  console: ReturnType<typeof createInstanceConsole>
  variables: ReturnType<typeof createEffectiveVariables>
  reconciler: Pick<Reconciler, 'wake'>
}

export function createInstanceService(deps: InstanceServiceDeps): InstanceService {
  const { instances, presenter, writer, creation, console, reconciler } = deps

  async function find(id: string): Promise<InstanceRecord> {
    const record = await instances.find(id)
    if (!record) throw new AppError('NOT_FOUND', `There is no server with the id ${id}.`)
    return record
  }

  const wishing = (wish: Wish) => async (actor: Actor, id: string) => {
    const record = await writer.change(id, current => wish(current, actor))
    // Also for a wish that was there already: whoever presses again has reason to believe that nothing happens.
    reconciler.wake(id)
    return presenter.present(record)
  }

  return {
    create: async (actor, input, options) => presenter.present(await creation.create(actor, input, options)),
    explain: input => creation.explain(input),

    async list(filter) {
      const { items, nextCursor } = await instances.list(filter)
      return { items: await Promise.all(items.map(record => presenter.present(record))), nextCursor }
    },
    get: async id => presenter.present(await find(id)),

    async patch(actor, id, patch, expectedRevision) {
      const change = () => writer.change(id, record => deps.patch(record, patch, actor), expectedRevision)
      return presenter.present(await untilPortsHold(change))
    },

    start: wishing(wishStart),
    stop: wishing(wishStop),
    restart: wishing(wishRestart),
    kill: wishing(wishKill),
    retry: wishing(wishRetry),
    destroy: wishing(wishDestroy),
    updateImage: wishing(wishNewImage),

    async input(id, line) {
      const record = await find(id)
      await console.input(record, line)
      return presenter.present(record)
    },
    variables: async id => deps.variables(await find(id)),
    hideSecrets: async (id, line) => console.hideSecrets(await find(id), line),
    logs: async (id, query) => console.logs(await find(id), query),

    async events(id, page) {
      await find(id)
      return instances.events(id, page)
    },
  }
}
