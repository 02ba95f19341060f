import { z } from 'zod'
import type { createTokenBody } from '../shared/schemas/account'
import { createTokenAnswer, token } from '../shared/schemas/account'

/** Tokens of scripts and monitors. The secret is in the answer of `create` and nowhere else. */
export function useTokens() {
  const api = useApi()
  const list = usePagedList('/tokens', token, 500)
  return {
    ...list,
    async create(body: z.input<typeof createTokenBody>): Promise<string> {
      const { token: secret } = await api('/tokens', { method: 'POST', body, answer: createTokenAnswer })
      await list.load()
      return secret
    },
    async revoke(id: string) {
      await api(`/tokens/${encodeURIComponent(id)}`, { method: 'DELETE', answer: z.unknown() })
      await list.load()
    },
  }
}
