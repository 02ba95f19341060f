import { z } from 'zod'
import { recoveryCodesAnswer, totpEnrolment, totpStatus } from '../shared/schemas/sign-in'

/** One's own one-time codes. */
export function useTotp() {
  const api = useApi()
  const { value: status, error, load } = useResource(signal => api('/auth/totp', { answer: totpStatus, signal }))
  const codesFrom = async (path: string, code: string) =>
    (await api(path, { method: 'POST', body: { code }, answer: recoveryCodesAnswer })).recoveryCodes
  return {
    status,
    error,
    load,
    enrol: (password: string) => api('/auth/totp/enrol', { method: 'POST', body: { password }, answer: totpEnrolment }),
    confirm: (code: string) => codesFrom('/auth/totp/confirm', code),
    renew: (code: string) => codesFrom('/auth/totp/recovery-codes', code),
    async remove(code: string): Promise<string[]> {
      await api('/auth/totp/remove', { method: 'POST', body: { code }, answer: z.unknown() })
      return []
    },
  }
}
