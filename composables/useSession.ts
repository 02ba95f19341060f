import { computed, readonly, ref } from 'vue'
import { z } from 'zod'
import type { loginBody, setupBody } from '../shared/schemas/account'
import { meAnswer, type User } from '../shared/schemas/account'
import { everywhere, grantsAllow, reachOf, type Grant, type Permission } from '../shared/domain/permissions'
import type { loginTotpBody } from '../shared/schemas/sign-in'
import { ApiError } from './api/api-error'
import { request } from './api/request'

const user = ref<User | null>(null)
/** One-time codes are required of them first: nothing but the account page is open. */
const mustAddTotp = ref(false)
/** `unknown` until the brain was asked; `unreachable` while it does not answer. */
const status = ref<'unknown' | 'signed-in' | 'signed-out' | 'unreachable'>('unknown')
/** What they may do now: as the server sees it, nothing while one-time codes are missing. */
const grants = computed<Grant[]>(() => {
  if (!user.value || mustAddTotp.value) return []
  const { role, grants: narrow } = user.value
  return [...(role ? everywhere(role) : []), ...narrow]
})

async function load(): Promise<User | null> {
  try {
    take(await request('/auth/me', { answer: meAnswer }))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    user.value = null
    status.value = error.status === 401 ? 'signed-out' : 'unreachable'
  }
  return user.value
}

/** Who is signed in, and what they may do. One for the whole panel. */
export function useSession() {
  return {
    user: readonly(user),
    status: readonly(status),
    mustAddTotp: readonly(mustAddTotp),
    /** True for those who have single servers alone. */
    isNarrow: computed(() => user.value !== null && user.value.role === null),
    /** True when the signed-in person may do this everywhere, or to the server that is named: asked before a button is shown. */
    can: (permission: Permission, instanceId?: string) => grantsAllow(grants.value, permission, instanceId),
    /** True when they may do it somewhere. */
    canSomewhere(permission: Permission) {
      const reach = reachOf(grants.value, permission)
      return reach === 'all' || reach.size > 0
    },
    load,
    async ensure() {
      return status.value === 'signed-in' ? user.value : await load()
    },
    async login(body: z.input<typeof loginBody>) {
      take(await request('/auth/login', { method: 'POST', body, answer: meAnswer }))
    },
    /** The second step, for accounts with one-time codes. */
    async loginWithCode(body: z.input<typeof loginTotpBody>) {
      take(await request('/auth/login/totp', { method: 'POST', body, answer: meAnswer }))
    },
    /** Creates the first admin with the one-time token of the set-up link, who is signed in at once. */
    async setUp(body: z.input<typeof setupBody>) {
      take(await request('/setup', { method: 'POST', body, answer: meAnswer }))
    },
    async logout() {
      await request('/auth/logout', { method: 'POST', answer: z.unknown() })
      forget()
    },
    forget,
  }
}

function take(answer: z.output<typeof meAnswer>) {
  user.value = answer.user
  mustAddTotp.value = answer.mustAddTotp === true
  status.value = 'signed-in'
}

function forget() {
  user.value = null
  status.value = 'signed-out'
}
