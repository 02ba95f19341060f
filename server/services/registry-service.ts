import { registryOf } from '../../shared/domain/image-names'
import { AppError } from '../../shared/errors'
import type { PutRegistry, RegistryLogin } from '../../shared/schemas/registry'
import type {
  Clock,
  Ids,
  InstanceStore,
  RegistryLoginRecord,
  RegistryLoginStore,
  SecretBox,
  SpecBuilder,
} from '../ports'
import type { NodeDirectory } from './node-directory'

/** Sign-ins at registries of images. A secret goes in and comes out to a node that pulls, nowhere else. */
export interface RegistryService {
  list(): Promise<{ items: RegistryLogin[] }>
  /** NODE_UNKNOWN for a node that is not there. */
  put(wanted: PutRegistry): Promise<RegistryLogin>
  /** NOT_FOUND when there is none. */
  remove(id: string): Promise<RegistryLogin>
  /** For a node that is about to pull the image of an instance it holds; null when nothing is known, or the image is of another registry. */
  forPull(nodeId: string, instanceId: string, registry: string): Promise<{ username: string; password: string } | null>
}

export function createRegistryService(deps: {
  store: RegistryLoginStore
  instances: Pick<InstanceStore, 'find'>
  specs: SpecBuilder
  directory: Pick<NodeDirectory, 'find'>
  secrets: SecretBox
  clock: Pick<Clock, 'now'>
  ids: Pick<Ids, 'entity'>
}): RegistryService {
  const { store, instances, specs, directory, secrets, clock, ids } = deps

  function view({ id, registry, nodeId, username, updatedAt }: RegistryLoginRecord): RegistryLogin {
    const node = nodeId === null ? null : { id: nodeId, name: directory.find(nodeId)?.name ?? nodeId }
    return { id, registry, node, username, updatedAt }
  }

  return {
    list: async () => ({ items: (await store.list()).map(view) }),

    async put({ registry, node, username, secret }) {
      if (node !== undefined && !directory.find(node))
        throw new AppError('NODE_UNKNOWN', `There is no node with the id ${node}.`)
      const sealedSecret = secrets.seal(secret)
      const place = { registry, nodeId: node ?? null }
      return view(await store.put({ id: ids.entity(), ...place, username, sealedSecret, updatedAt: clock.now() }))
    },

    async remove(id) {
      const removed = await store.remove(id)
      if (!removed) throw new AppError('NOT_FOUND', `There is no registry sign-in with the id ${id}.`)
      return view(removed)
    },

    async forPull(nodeId, instanceId, registry) {
      const record = await instances.find(instanceId)
      const node = directory.find(nodeId)
      if (record?.nodeId !== nodeId || !node) return null
      const { runtime } = await specs.build(record, node)
      if (registryOf(runtime.image) !== registry) return null
      const login = await store.find(registry, nodeId)
      return login ? { username: login.username, password: secrets.open(login.sealedSecret) } : null
    },
  }
}
