import { Readable } from 'node:stream'
import { getRequestHeader, setResponseHeaders, setResponseStatus } from 'h3'
import { z } from 'zod'
import { defineEndpoint } from '../../http/define-endpoint'
import { answerObjectRequest } from '../../store/serve-object'
import { signedQuery, verifySignedRequest } from '../../store/signed-url'

/** Gives an object to whoever holds a signed address of it; the signature is the sign-in. */
export default defineEndpoint({
  permission: 'public',
  params: z.strictObject({ key: z.string() }),
  query: signedQuery,
  response: 'stream',
  async handler({ brain, params, query, event }) {
    const { fileName } = verifySignedRequest(brain.keys.urlSigning, { key: params.key, query }, brain.clock.now())
    const answer = await answerObjectRequest(brain.objects, {
      method: event.method === 'HEAD' ? 'HEAD' : 'GET',
      key: params.key,
      fileName,
      range: getRequestHeader(event, 'range'),
      ifRange: getRequestHeader(event, 'if-range'),
    })
    setResponseStatus(event, answer.status)
    setResponseHeaders(event, answer.headers)
    return answer.body ?? Readable.from([])
  },
})
