import * as client from 'openid-client'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { OidcSettings } from '../brain/settings-oidc'
import type { Clock, OidcProvider } from '../ports'

/**
 * The authorization code flow with PKCE (RFC 7636), state and nonce, by openid-client: OpenID Connect Core 1.0, discovery,
 * and the issuer in the answer (RFC 9207). Signatures are checked although the tokens come over the issuer's own TLS.
 *
 * Nothing is asked of the issuer before somebody wants to sign in: the brain starts without it.
 */
export function createOidcProvider(settings: OidcSettings, clock: Clock): OidcProvider {
  let known: { configuration: Promise<client.Configuration>; until: number } | undefined

  async function discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret, allowHttp } = settings
    const configuration = await client.discovery(
      issuer,
      clientId,
      { [client.clockTolerance]: POLICY.oidc.clockToleranceMs / 1_000 },
      clientSecret === null ? client.None() : client.ClientSecretBasic(clientSecret),
      {
        execute: [client.enableNonRepudiationChecks, ...(allowHttp ? [client.allowInsecureRequests] : [])],
        timeout: POLICY.oidc.answerMs / 1_000,
      },
    )
    return configuration
  }

  async function configuration(): Promise<client.Configuration> {
    if (!known || known.until < clock.monotonic())
      known = { configuration: discover(), until: clock.monotonic() + POLICY.oidc.metadataKeptMs }
    try {
      return await known.configuration
    } catch (error) {
      known = undefined
      throw away(error)
    }
  }

  return {
    async authorizationUrl({ redirectUri, state, nonce, verifier }) {
      return client.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: settings.scopes,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
    },
    async identify(answer, { state, nonce, verifier }) {
      const config = await configuration()
      try {
        const tokens = await client.authorizationCodeGrant(config, answer, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        })
        const idToken = tokens.claims()
        if (!idToken) throw new Error('no ID token')
        const more = config.serverMetadata().userinfo_endpoint
          ? await client.fetchUserInfo(config, tokens.access_token, idToken.sub)
          : {}
        return { issuer: idToken.iss, subject: idToken.sub, claims: { ...more, ...idToken } }
      } catch (error) {
        throw isOutOfReach(error) ? away(error) : refused(error)
      }
    },
  }

  function away(cause: unknown): AppError {
    return new AppError(
      'OIDC_UNAVAILABLE',
      `${settings.issuer.origin} did not answer as an OpenID Connect issuer should. Try again in a moment; the brain's log says more.`,
      { cause },
    )
  }
}

function isOutOfReach(error: unknown): boolean {
  if (error instanceof client.ResponseBodyError) return error.status >= 500
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return (
    code === 'OAUTH_TIMEOUT' ||
    code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' ||
    (error instanceof TypeError && code === undefined)
  )
}

/** What the issuer said goes to the log, not on screen: anybody can write it into an address. */
function refused(cause: unknown): AppError {
  return new AppError('OIDC_REFUSED', 'The answer of the sign-in does not fit what was asked for. Start again.', {
    cause,
  })
}
