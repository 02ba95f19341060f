import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

/** Somebody with an account at the issuer. */
export interface Person {
  sub: string
  [claim: string]: unknown
}

export interface Issuer {
  url: URL
  clientId: string
  clientSecret: string
  /** Who signs in next; nobody is asked for a password. */
  person: Person
  close(): Promise<void>
}

/**
 * A real OpenID Connect provider on loopback, whose person is signed in without being asked.
 *
 * @param redirectUris where it sends browsers back to
 */
export async function startIssuer(redirectUris: string[], person: Person): Promise<Issuer> {
  const server = createServer((request, response) => {
    void answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const issuer: Issuer = {
    url,
    clientId: 'strata',
    clientSecret: 'a-secret-of-the-issuer',
    person,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  const provider: Provider = new Provider(url.origin, {
    clients: [
      {
        client_id: issuer.clientId,
        client_secret: issuer.clientSecret,
        redirect_uris: redirectUris,
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    cookies: { keys: ['of-a-test'] },
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups', 'realm_access'], email: ['email'] },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ ...issuer.person, sub }) }),
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, interaction) => `/sign-in/${interaction.uid}` },
    async loadExistingGrant(context) {
      const { client, session } = context.oidc
      const grant = new provider.Grant({ clientId: client?.clientId ?? '', accountId: session?.accountId ?? '' })
      grant.addOIDCScope('openid profile email')
      await grant.save()
      return grant
    },
  })
  const handle = provider.callback()
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.startsWith('/sign-in/'))
      await provider.interactionFinished(request, response, { login: { accountId: issuer.person.sub } })
    else await handle(request, response)
  }
  return issuer
}
