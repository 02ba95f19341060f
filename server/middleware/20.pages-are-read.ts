import { defineEventHandler, setResponseHeader, setResponseStatus } from 'h3'
import { AppError } from '../../shared/errors'
import { writeProblem } from '../http/problem'

const READS = 'GET, HEAD, OPTIONS'

/**
 * Beside the API and the sockets there is nothing to send anything to. Without this every page would answer a PUT or a
 * DELETE with 200 and itself, and a script would believe that it had done something.
 */
export default defineEventHandler(event => {
  const path = event.path.split('?')[0] ?? ''
  if (event.method === 'GET' || event.method === 'HEAD' || /^\/(?:api|socket\.io)(?:\/|$)/.test(path)) return
  setResponseHeader(event, 'allow', READS)
  if (event.method !== 'OPTIONS')
    return writeProblem(event, new AppError('METHOD_NOT_ALLOWED', `${path} takes ${READS}, not ${event.method}.`))
  setResponseStatus(event, 204)
  return null
})
