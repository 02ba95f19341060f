import { z } from 'zod'
import type { createUserBody, patchUserBody } from '../shared/schemas/account'
import { userDetail } from '../shared/schemas/account'

/** The people who may sign in. For administrators. */
export function useUsers() {
  const api = useApi()
  const list = usePagedList('/users', userDetail, 500)
  const address = (id: string) => `/users/${encodeURIComponent(id)}`
  return {
    ...list,
    async create(body: z.input<typeof createUserBody>) {
      await api('/users', { method: 'POST', body, answer: userDetail })
      await list.load()
    },
    async change(id: string, body: z.input<typeof patchUserBody>) {
      await api(address(id), { method: 'PATCH', body, answer: userDetail })
      await list.load()
    },
    /** For somebody who lost phone and recovery codes. */
    async resetTotp(id: string) {
      await api(`${address(id)}/totp`, { method: 'DELETE', answer: z.unknown() })
      await list.load()
    },
    async remove(id: string) {
      await api(address(id), { method: 'DELETE', answer: z.unknown() })
      await list.load()
    },
  }
}
