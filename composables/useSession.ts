import { computed, readonly, ref } from 'vue'
import { z } from 'zod'
import type { loginBody, setupBody } from '../shared/schemas/account'
import { meAnswer, type User } from '../shared/schemas/account'
import { everywhere, grantsAllow, reachOf, type Grant, type Permission } from '../shared/domain/permissions'
import { ApiError } from './api/api-error'
import { request } from './api/request'

const user = ref<User | null>(null)
/** `unknown` until the brain was asked; `unreachable` while it does not answer. */
const status = ref<'unknown' | 'signed-in' | 'signed-out' | 'unreachable'>('unknown')
const grants = computed<Grant[]>(() => {
  if (!user.value) return []
  const { role, grants: narrow } = user.value
  return [...(role ? everywhere(role) : []), ...narrow]
})

async function load(): Promise<User | null> {
  try {
    user.value = (await request('/auth/me', { answer: meAnswer })).user
    status.value = 'signed-in'
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
      user.value = (await request('/auth/login', { method: 'POST', body, answer: meAnswer })).user
      status.value = 'signed-in'
    },
    /** Creates the first admin with the one-time token of the set-up link, who is signed in at once. */
    async setUp(body: z.input<typeof setupBody>) {
      user.value = (await request('/setup', { method: 'POST', body, answer: meAnswer })).user
      status.value = 'signed-in'
    },
    async logout() {
      await request('/auth/logout', { method: 'POST', answer: z.unknown() })
      forget()
    },
    forget,
  }
}

function forget() {
  user.value = null
  status.value = 'signed-out'
}
