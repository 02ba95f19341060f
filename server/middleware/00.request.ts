import { defineEventHandler } from 'h3'
import { requestIdOf } from '../http/request-id'

/** Every answer, of a page or an endpoint, carries a request id. */
export default defineEventHandler(event => {
  requestIdOf(event)
})
