import { AppError, isAppError } from '../../../../../shared/errors'
import { oidcStartQuery } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { writeOidcNote } from '../../../../http/oidc-cookie'
import { ownUrl } from '../../../../http/own-url'
import { signInProblem } from '../../../../http/sign-in-problem'

export default defineEndpoint({
  summary: 'Sign in with OpenID Connect',
  description: 'For browsers: leads to the issuer. What goes wrong is said by the sign-in page.',
  permission: 'public',
  query: oidcStartQuery,
  response: 'redirect',
  errors: ['NOT_FOUND', 'BAD_REQUEST'],
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
