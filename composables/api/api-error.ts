import type { Problem } from '../../shared/schemas/status'

/**
 * What can go wrong between panel and brain. `problem`: the brain said what was wrong. `unreachable`: no answer came.
 * `unexpected`: an answer came that this panel does not understand (a proxy in between, or a newer brain).
 */
export type ApiErrorKind = 'problem' | 'unreachable' | 'unexpected'

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly kind: ApiErrorKind
  readonly status: number | null
  readonly problem: Problem | null
  readonly retryAfterSeconds: number | null

  constructor(
    kind: ApiErrorKind,
    options: { status?: number; problem?: Problem; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(options.problem ? `${options.problem.code}: ${options.problem.detail}` : kind, { cause: options.cause })
    this.kind = kind
    this.status = options.status ?? options.problem?.status ?? null
    this.problem = options.problem ?? null
    this.retryAfterSeconds = options.retryAfterSeconds ?? null
  }

  get code(): string | null {
    return this.problem?.code ?? null
  }
}
