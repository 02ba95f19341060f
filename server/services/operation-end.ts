import { AppError, isAppError } from '../../shared/errors'
import type { Actor } from '../../shared/schemas/event'
import type { Operation } from '../../shared/schemas/operation'

/**
 * What the record says of work that threw. Known errors with their sentence; of a defect no more than that there was one.
 * Whatever is thrown after somebody cancelled is the end of cancelling.
 */
export function howItEnded(
  error: unknown,
  signal: AbortSignal,
  cancelledBy: Actor | null,
): Pick<Operation, 'state' | 'error'> {
  const reason: unknown = signal.reason
  if (cancelledBy) return { state: 'cancelled', error: wordsOf(reason) }
  return { state: 'failed', error: wordsOf(signal.aborted && !isAppError(error) ? reason : error) }
}

function wordsOf(error: unknown): NonNullable<Operation['error']> {
  const known = isAppError(error)
    ? error
    : new AppError('INTERNAL', 'The brain met an error that nobody foresaw; its log says more.')
  return { code: known.code, message: known.detail }
}
