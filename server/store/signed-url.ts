import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '../../shared/errors'

/** What a signature covers: one object, one method, one moment. */
interface SignedFacts {
  method: 'GET'
  key: string
  expiresAt: number
  fileName: string | null
}

/** The query of a signed address. `expires` is a wall-clock time in milliseconds. */
export const signedQuery = z.strictObject({
  expires: z.string().regex(/^\d{1,15}$/),
  signature: z.string().min(1).max(200),
  name: z.string().max(255).optional(),
})

function signatureOf(secret: Buffer, facts: SignedFacts): Buffer {
  // As JSON, so that no two different sets of facts read the same.
  return createHmac('sha256', secret)
    .update(JSON.stringify([facts.method, facts.key, facts.expiresAt, facts.fileName]))
    .digest()
}

/**
 * A path below the brain's own address that gives one object to whoever holds it until `expiresAt`.
 * A path and not an absolute address, because every node, and every browser, knows the brain under an address of its own.
 */
export function signPath(secret: Buffer, facts: Omit<SignedFacts, 'method'>): string {
  const query = new URLSearchParams({ expires: String(facts.expiresAt) })
  if (facts.fileName !== null) query.set('name', facts.fileName)
  query.set('signature', signatureOf(secret, { ...facts, method: 'GET' }).toString('base64url'))
  return `/objects/${facts.key}?${query.toString()}`
}

/**
 * Judges a request by its signature; gives the file name that was signed. HEAD is answered with a GET signature: it
 * tells less than the GET that its holder may make anyway. FORBIDDEN, with one text for every forgery and another for an
 * address that was right and has expired.
 */
export function verifySignedRequest(
  secret: Buffer,
  request: { key: string; query: z.output<typeof signedQuery> },
  now: number,
): { fileName: string | null } {
  const { expires, signature, name } = request.query
  const facts: SignedFacts = { method: 'GET', key: request.key, expiresAt: Number(expires), fileName: name ?? null }
  const expected = signatureOf(secret, facts)
  const given = Buffer.from(signature, 'base64url')
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new AppError('FORBIDDEN', 'The signature of this download address is not right. Ask for a fresh one.')
  if (now >= facts.expiresAt) {
    throw new AppError('FORBIDDEN', 'This download address has expired. Ask for a fresh one.')
  }
  return { fileName: facts.fileName }
}
