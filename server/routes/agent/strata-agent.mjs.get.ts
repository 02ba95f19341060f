import { Readable } from 'node:stream'
import { getRequestHeader, setResponseHeaders, setResponseStatus } from 'h3'
import { agentBundlePath, readAgentBundle } from '../../gateway/agent-bundle'
import { defineEndpoint } from '../../http/define-endpoint'

export default defineEndpoint({
  summary: 'The agent, for machines that join',
  description: 'It holds no secret, so anybody may have it.',
  permission: 'public',
  response: 'stream',
  mediaTypes: ['text/javascript; charset=utf-8'],
  otherwise: { 304: 'It is the one that `If-None-Match` names' },
  errors: ['NOT_FOUND'],
  async handler({ event }) {
    const { bytes, sha256 } = await readAgentBundle(agentBundlePath())
    const etag = `"${sha256}"`
    setResponseHeaders(event, { etag, 'x-strata-sha256': sha256, 'cache-control': 'no-cache' })
    if (getRequestHeader(event, 'if-none-match') === etag) {
      setResponseStatus(event, 304)
      return Readable.from([])
    }
    setResponseHeaders(event, { 'content-type': 'text/javascript; charset=utf-8', 'content-length': bytes.length })
    return Readable.from([bytes])
  },
})
