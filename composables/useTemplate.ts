import { toValue, type MaybeRefOrGetter } from 'vue'
import { z } from 'zod'
import { templateView } from '../shared/schemas/template'

/** One template with all its versions. */
export function useTemplate(id: MaybeRefOrGetter<string>) {
  const api = useApi()
  const address = () => `/templates/${encodeURIComponent(toValue(id))}`
  const resource = useResource(signal => api(address(), { answer: templateView, signal }), { when: () => toValue(id) })
  useLive('template.changed', changed => {
    if (changed.id === toValue(id)) void resource.load()
  })
  return {
    ...resource,
    /** Removes one version; TEMPLATE_IN_USE while servers are locked to it. */
    removeVersion: (version: string) =>
      api(`${address()}/versions/${encodeURIComponent(version)}`, { method: 'DELETE', answer: z.unknown() }),
  }
}
