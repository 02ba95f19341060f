import { operation } from '../shared/schemas/operation'
import { storeTest, type StoreName, type StoreTest } from '../shared/schemas/store'

/** The object stores of the brain: trying one out, and moving everything from one to the other. */
export function useObjectStore() {
  const api = useApi()
  const operations = useOperations()
  return {
    test: (store: StoreName): Promise<StoreTest> =>
      api('/settings/store/test', { method: 'POST', body: { store }, answer: storeTest }),
    async move(to: StoreName) {
      operations.put(await api('/settings/store/move', { method: 'POST', body: { to }, answer: operation }))
    },
  }
}
