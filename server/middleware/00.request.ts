import { defineEventHandler, setResponseHeaders } from 'h3'
import { requestIdOf } from '../http/request-id'
import { SECURITY_HEADERS } from '../http/security-headers'

/** Every answer, of a page or an endpoint, carries a request id and the headers that make browsers careful. */
export default defineEventHandler(event => {
  requestIdOf(event)
  setResponseHeaders(event, SECURITY_HEADERS)
})
