import { getRequestHeader, setResponseHeaders, setResponseStatus } from 'h3'
import { defineEndpoint } from '../../http/define-endpoint'
import { servedDocument } from '../../openapi/served-document'

export default defineEndpoint({
  summary: 'This document',
  description: 'OpenAPI 3.1. It tells nothing that the source code does not.',
  permission: 'public',
  response: 'text',
  mediaTypes: ['application/json; charset=utf-8'],
  otherwise: { 304: 'It is the one that `If-None-Match` names' },
  async handler({ event }) {
    const { text, etag } = await servedDocument()
    setResponseHeaders(event, { etag, 'cache-control': 'no-cache', 'content-type': 'application/json; charset=utf-8' })
    if (getRequestHeader(event, 'if-none-match') !== etag) return text
    setResponseStatus(event, 304)
    return ''
  },
})
