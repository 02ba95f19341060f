import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { signPath, verifySignedRequest } from '../../../../server/store/signed-url'

const secret = randomBytes(32)
const KEY = 'layers/ab/abcdef'

function parts(path: string): { key: string; query: Record<string, string> } {
  const url = new URL(path, 'http://brain')
  return { key: url.pathname.replace('/objects/', ''), query: Object.fromEntries(url.searchParams) }
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

  it.each<[string, (request: ReturnType<typeof signed>) => { key: string; query: Record<string, unknown> }]>([
    ['another key', request => ({ ...request, key: 'layers/ab/abcdee' })],
    ['a later end', request => ({ ...request, query: { ...request.query, expires: '9999999999999' } })],
    ['another name', request => ({ ...request, query: { ...request.query, name: 'x.exe' } })],
    ['no name', ({ key, query: { expires, signature } }) => ({ key, query: { expires, signature } })],
    ['no signature', ({ key, query: { expires, name } }) => ({ key, query: { expires, name } })],
    ['an empty signature', request => ({ ...request, query: { ...request.query, signature: '' } })],
    ['a cut signature', request => ({ ...request, query: { ...request.query, signature: request.query.signature?.slice(0, -1) } })],
    ['a longer signature', request => ({ ...request, query: { ...request.query, signature: `${request.query.signature}AAAA` } })],
    ['two signatures', request => ({ ...request, query: { ...request.query, signature: [request.query.signature, 'x'] } })],
    ['one more field', request => ({ ...request, query: { ...request.query, more: '1' } })],
    ['nonsense for a time', request => ({ ...request, query: { ...request.query, expires: 'NaN' } })],
    ['nothing', ({ key }) => ({ key, query: {} })],
  ])('are refused with %s', (_, forge) => {
    expect(() => verifySignedRequest(secret, forge(signed('map.tar')), 0)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }))
  })

  it('are refused under another secret', () => {
    expect(() => verifySignedRequest(randomBytes(32), signed(), 0)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }))
  })
})
