import { getRequestURL } from 'h3'
import { AppError, isAppError } from '../../../../../shared/errors'
import { oidcAnswerQuery } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { takeOidcNote } from '../../../../http/oidc-cookie'
import { writeSessionCookie } from '../../../../http/session-cookie'
import { signInProblem } from '../../../../http/sign-in-problem'
import { userAgentOf } from '../../../../http/user-agent'

/**
 * Back from the issuer. A GET that signs in, and comes from another site: what stands for the Origin check here is the
 * note that this browser kept.
 */
export default defineEndpoint({
  summary: 'Way back from the OpenID issuer',
  description:
    'For browsers: signs in and leads to the page that was asked for, or to the sign-in page with what went wrong.',
  permission: 'public',
  query: oidcAnswerQuery,
  response: 'redirect',
  audit: { action: 'auth.login', subject: 'user' },
  errors: ['NOT_FOUND'],
  async handler({ brain, event, address, note }) {
    if (!brain.oidc) throw new AppError('NOT_FOUND', 'Nobody signs in here with OpenID Connect.')
    try {
      const { user, principal, secret, returnTo, issuer } = await brain.oidc.finish({
        query: getRequestURL(event).searchParams,
        note: takeOidcNote(event, brain),
        address,
        userAgent: userAgentOf(event),
      })
      note({ actor: principal.actor, subjectId: user.id, detail: { issuer } })
      await writeSessionCookie(event, brain, secret)
      return returnTo
    } catch (error) {
      if (!isAppError(error)) throw error
      note({ refusal: error })
      return signInProblem(error, brain.log)
    }
  },
})
