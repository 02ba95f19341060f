import { safeReturnPath } from '../shared/domain/return-path'

/** What happens when a session is over: sign-in, and afterwards back to where one was. */
export function useSessionEnd() {
  const session = useSession()
  const router = useRouter()
  return {
    endSession() {
      session.forget()
      // Several requests may find out at once.
      if (router.currentRoute.value.path === '/login') return
      const here = safeReturnPath(router.currentRoute.value.fullPath)
      void router.replace({ path: '/login', query: here === '/' ? { ended: '1' } : { returnTo: here, ended: '1' } })
    },
  }
}
