import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generateKeyPairSync, sign } from 'node:crypto'

const KID = 'of-a-test'
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** What an issuer says of somebody, and how it signs it. */
export interface Forgery {
  claims?: Record<string, unknown>
  /** Signs with a key nobody published. */
  strangersKey?: boolean
  /** No signature at all. */
  unsigned?: boolean
  /** What its metadata call it. */
  issuer?: string
}

/** An issuer that gives any code, and any ID token for it: what a real one never would. */
export async function startForgingIssuer(clientId: string) {
  const [own, other] = [keys(), keys()]
  let nonce = ''
  const issuer = { url: new URL('http://127.0.0.1'), forgery: {} as Forgery, close }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', issuer.url)
    const name = issuer.forgery.issuer ?? issuer.url.origin
    const json = (body: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
    if (url.pathname === '/.well-known/openid-configuration')
      json({
        issuer: name,
        authorization_endpoint: `${issuer.url.origin}/auth`,
        token_endpoint: `${issuer.url.origin}/token`,
        jwks_uri: `${issuer.url.origin}/jwks`,
        response_types_supported: ['code'],
        id_token_signing_alg_values_supported: ['RS256'],
      })
    else if (url.pathname === '/jwks')
      json({ keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: KID, alg: 'RS256', use: 'sig' }] })
    else if (url.pathname === '/auth') {
      nonce = url.searchParams.get('nonce') ?? ''
      const back = new URL(url.searchParams.get('redirect_uri') ?? '')
      back.search = new URLSearchParams({ code: 'any', state: url.searchParams.get('state') ?? '' }).toString()
      response.writeHead(302, { location: back.href }).end()
    } else json({ access_token: 'any', token_type: 'bearer', expires_in: 60, id_token: idToken() })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  issuer.url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return issuer

  function idToken(): string {
    const now = Math.floor(Date.now() / 1_000)
    const { claims, strangersKey, unsigned } = issuer.forgery
    const honest = { iss: issuer.url.origin, sub: 'a1', aud: clientId, nonce, iat: now, exp: now + 60 }
    const text = `${encode({ alg: unsigned ? 'none' : 'RS256', kid: KID })}.${encode({ ...honest, ...claims })}`
    if (unsigned) return `${text}.`
    return `${text}.${sign('sha256', Buffer.from(text), (strangersKey ? other : own).privateKey).toString('base64url')}`
  }

  async function close(): Promise<void> {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
}

function keys() {
  return generateKeyPairSync('rsa', { modulusLength: 2_048 })
}
