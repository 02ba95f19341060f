import { safeReturnPath } from '../../shared/domain/return-path'
import type { AppError } from '../../shared/errors'
import type { Log } from '../brain/log'

/** The sign-in page with the code of what went wrong: the page has the words, for words in an address could be anybody's. */
export function signInProblem({ code, detail, cause }: AppError, log: Log, returnTo?: string): string {
  // The message alone: what else the library hangs on its errors are claims and answers of the issuer.
  log.warn({ code, reason: cause instanceof Error ? cause.message : undefined }, detail)
  const path = safeReturnPath(returnTo)
  return `/login?${new URLSearchParams({ problem: code, ...(path !== '/' && { returnTo: path }) })}`
}
