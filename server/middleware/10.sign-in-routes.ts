import { defineEventHandler } from 'h3'
import { AppError } from '../../shared/errors'
import { writeProblem } from '../http/problem'

/**
 * Closes the routes that nuxt-auth-utils adds by itself: its sign-out would forget the cookie and leave the session
 * on the server alive.
 */
export default defineEventHandler(event => {
  if (!/^\/api\/_auth(?:[/?]|$)/.test(event.path)) return
  return writeProblem(
    event,
    new AppError('NOT_FOUND', 'Sessions are at /api/v1/auth/login, /api/v1/auth/logout and /api/v1/auth/me.'),
  )
})
