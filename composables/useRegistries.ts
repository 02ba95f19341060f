import { z } from 'zod'
import { registryList, registryLogin, type PutRegistry } from '../shared/schemas/registry'

/** Sign-ins at registries of images; their secrets only go in. */
export function useRegistries() {
  const api = useApi()
  const list = useResource(signal => api('/registries', { answer: registryList, signal }))
  return {
    ...list,
    async put(body: PutRegistry) {
      await api('/registries', { method: 'POST', body, answer: registryLogin })
      await list.load()
    },
    async remove(id: string) {
      await api(`/registries/${encodeURIComponent(id)}`, { method: 'DELETE', answer: z.unknown() })
      await list.load()
    },
  }
}
