import type { z } from 'zod'
import { ApiError } from './api/api-error'
import { request, type RequestOptions } from './api/request'

/**
 * Calls of the API for pages and composables: like `request`, and when the session has ended it goes to the
 * sign-in, with the way back.
 */
export function useApi() {
  const { endSession } = useSessionEnd()
  return async function api<Answer extends z.ZodType>(
    path: string,
    options: RequestOptions<Answer>,
  ): Promise<z.output<Answer>> {
    try {
      return await request(path, options)
    } catch (error) {
      if (error instanceof ApiError && error.code === 'UNAUTHENTICATED') endSession()
      throw error
    }
  }
}
