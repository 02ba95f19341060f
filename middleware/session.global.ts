import type { Permission } from '../shared/domain/permissions'
import { safeReturnPath } from '../shared/domain/return-path'

/** Every page but sign-in and set-up needs a session; some need a permission as well. */
export default defineNuxtRouteMiddleware(async to => {
  const session = useSession()
  if (to.path === '/setup') return
  if (to.path === '/login') {
    if (session.status.value === 'unknown') await session.load()
    return session.status.value === 'signed-in' ? navigateTo(safeReturnPath(to.query.returnTo)) : undefined
  }
  await session.ensure()
  if (session.status.value === 'signed-out') {
    const returnTo = safeReturnPath(to.fullPath)
    return navigateTo({ path: '/login', query: returnTo === '/' ? {} : { returnTo } })
  }
  if (session.mustAddTotp.value && to.path !== '/account') return navigateTo('/account')
  const needed = to.meta.permission
  if (session.status.value !== 'signed-in' || !needed) return
  if (!(to.meta.somewhere ? session.canSomewhere(needed) : session.can(needed))) {
    // Who was given nothing yet finds that said in the account.
    if (to.path === '/') return navigateTo('/account')
    return abortNavigation(createError({ statusCode: 403, statusMessage: 'FORBIDDEN', fatal: true }))
  }
})

declare module '#app' {
  interface PageMeta {
    /** What somebody must be allowed to do to see this page; left out: signed in is enough. */
    permission?: Permission
    /** Over single servers is enough: the page shows these alone. */
    somewhere?: boolean
  }
}
