import { AppError, isAppError } from '../../../../../shared/errors'
import { oidcStartQuery } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { writeOidcNote } from '../../../../http/oidc-cookie'
import { ownUrl } from '../../../../http/own-url'
import { signInProblem } from '../../../../http/sign-in-problem'

/** Off to the issuer. A person's browser comes here, so that what goes wrong is said by the sign-in page. */
export default defineEndpoint({
  permission: 'public',
  query: oidcStartQuery,
  response: 'redirect',
  async handler({ brain, query, event }) {
    if (!brain.oidc) throw new AppError('NOT_FOUND', 'Nobody signs in here with OpenID Connect.')
    try {
      const callback = new URL('/api/v1/auth/oidc/callback', ownUrl(event))
      const { to, note } = await brain.oidc.begin({ callback, returnTo: query.returnTo })
      writeOidcNote(event, brain, note)
      return to.href
    } catch (error) {
      if (!isAppError(error)) throw error
      return signInProblem(error, brain.log, query.returnTo)
    }
  },
})
