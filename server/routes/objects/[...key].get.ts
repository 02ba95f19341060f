import { Readable } from 'node:stream'
import { getRequestHeader, setResponseHeaders, setResponseStatus } from 'h3'
import { z } from 'zod'
import { defineEndpoint } from '../../http/define-endpoint'
import { STORE_REFUSALS } from '../../http/refusals'
import { answerObjectRequest } from '../../store/serve-object'
import { signedQuery, verifySignedRequest } from '../../store/signed-url'

export default defineEndpoint({
  summary: 'Read an object by a signed address',
  description: 'The signature is the sign-in. Takes `Range` and `If-Range`. The key may hold slashes.',
  permission: 'public',
  params: z.strictObject({ key: z.string() }),
  query: signedQuery,
  response: 'stream',
  otherwise: { 206: 'The range that `Range` names', 416: 'The object has no such range' },
  errors: ['FORBIDDEN', ...STORE_REFUSALS],
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
