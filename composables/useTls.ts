import { tlsStatus } from '../shared/schemas/tls'

/** How the brain is reached, and its authority; for admins. */
export function useTls() {
  const api = useApi()
  const resource = useResource(signal => api('/tls', { answer: tlsStatus, signal }))
  return {
    ...resource,
    /** @param forgetFormer the one before is not trusted any more, whoever still needs it */
    async rotate(forgetFormer: boolean) {
      resource.value.value = await api('/tls/authority/rotate', {
        method: 'POST',
        body: { forgetFormer },
        answer: tlsStatus,
      })
    },
  }
}
