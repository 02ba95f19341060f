import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { signedQuery, signPath, verifySignedRequest } from '../../../../server/store/signed-url'

const secret = randomBytes(32)
const KEY = 'layers/ab/abcdef'

function parts(path: string) {
  const url = new URL(path, 'http://brain')
  return { key: url.pathname.replace('/objects/', ''), query: signedQuery.parse(Object.fromEntries(url.searchParams)) }
}
const signed = (fileName: string | null = null) => parts(signPath(secret, { key: KEY, expiresAt: 2_000, fileName }))

describe('signed addresses', () => {
  it('are accepted before they expire, with the name they carry', () => {
    expect(verifySignedRequest(secret, signed('a b&c=d.tar'), 1_999)).toEqual({ fileName: 'a b&c=d.tar' })
    expect(verifySignedRequest(secret, signed(), 0)).toEqual({ fileName: null })
  })

  it('expire', () => {
    expect(() => verifySignedRequest(secret, signed(), 2_000)).toThrow('expired')
  })

  it.each<[string, (request: ReturnType<typeof signed>) => ReturnType<typeof signed>]>([
    ['another key', request => ({ ...request, key: 'layers/ab/abcdee' })],
    ['a later end', request => ({ ...request, query: { ...request.query, expires: '9999999999999' } })],
    ['another name', request => ({ ...request, query: { ...request.query, name: 'x.exe' } })],
    ['no name', ({ key, query: { expires, signature } }) => ({ key, query: { expires, signature } })],
    [
      'a cut signature',
      request => ({ ...request, query: { ...request.query, signature: request.query.signature.slice(0, -1) } }),
    ],
    [
      'a longer signature',
      request => ({ ...request, query: { ...request.query, signature: `${request.query.signature}AAAA` } }),
    ],
    ['a signature of nothing', request => ({ ...request, query: { ...request.query, signature: '!' } })],
  ])('are refused with %s', (_, forge) => {
    expect(() => verifySignedRequest(secret, forge(signed('map.tar')), 0)).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN' }),
    )
  })

  it.each<[string, Record<string, unknown>]>([
    ['no signature', { expires: '2000' }],
    ['an empty signature', { expires: '2000', signature: '' }],
    ['two signatures', { expires: '2000', signature: ['a', 'b'] }],
    ['nonsense for a time', { expires: 'NaN', signature: 'a' }],
    ['a negative time', { expires: '-1', signature: 'a' }],
    ['one more field', { expires: '2000', signature: 'a', more: '1' }],
    ['nothing', {}],
  ])('are no signed addresses with %s', (_, query) => {
    expect(signedQuery.safeParse(query).success).toBe(false)
  })

  it('are refused under another secret', () => {
    expect(() => verifySignedRequest(randomBytes(32), signed(), 0)).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN' }),
    )
  })
})
