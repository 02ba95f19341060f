import { ref } from 'vue'
import { z } from 'zod'
import { sessionList } from '../shared/schemas/account'

/** The signed-in browsers of the account that is signed in here, or of a user. */
export function useSessions(userId?: string) {
  const api = useApi()
  const { t } = useI18n()
  const { toastError } = useApiError()
  const path = userId ? `/users/${encodeURIComponent(userId)}/sessions` : '/auth/sessions'
  const list = useResource(async signal => (await api(path, { signal, answer: sessionList })).items)
  /** Which one is being ended; `all` while all of them are. */
  const ending = ref<string | null>(null)

  async function remove(key: string, address: string) {
    ending.value = key
    try {
      await api(address, { method: 'DELETE', answer: z.unknown() })
    } catch (error) {
      toastError(error, t('sessions.endFailed'))
    } finally {
      ending.value = null
      await list.load()
    }
  }

  return {
    ...list,
    ending,
    end: (id: string) => remove(id, `${path}/${encodeURIComponent(id)}`),
    /** Of one's own all but this one; of a user every one. */
    endAll: () => remove('all', path),
  }
}
