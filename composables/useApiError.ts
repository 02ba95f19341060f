import { ApiError } from './api/api-error'
import type { ErrorIssue } from '../shared/errors'

/** An error in words: what it is, what was found, what to do next, and the details for whoever must dig. */
export interface DescribedError {
  title: string
  detail: string | null
  next: string | null
  issues: ErrorIssue[]
  code: string | null
  requestId: string | null
  /** True when trying the same again may help. */
  mayRetry: boolean
}

/** Ends a sentence that has no end. */
function withStop(sentence: string | null): string {
  return sentence && /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`
}

/** Turns whatever was thrown into words. The codes have their sentences in the message files. */
export function useApiError() {
  const { t, te } = useI18n()

  function words(code: string, part: 'title' | 'next'): string | null {
    const key = `errors.${code}.${part}`
    return te(key) ? t(key) : null
  }

  function describe(error: unknown): DescribedError {
    if (!(error instanceof ApiError)) {
      const detail = error instanceof Error ? error.message : String(error)
      return {
        title: t('errors.panel.title'),
        detail,
        next: t('errors.panel.next'),
        issues: [],
        code: null,
        requestId: null,
        mayRetry: false,
      }
    }
    const { problem } = error
    if (!problem) {
      return {
        title: t(`errors.${error.kind}.title`),
        detail: error.status ? t('errors.status', { status: error.status }) : null,
        next: t(`errors.${error.kind}.next`),
        issues: [],
        code: null,
        requestId: null,
        mayRetry: true,
      }
    }
    return {
      title: words(problem.code, 'title') ?? problem.title,
      detail: problem.detail || null,
      next: error.retryAfterSeconds
        ? t('errors.retryAfter', { seconds: error.retryAfterSeconds })
        : words(problem.code, 'next'),
      issues: problem.issues ?? [],
      code: problem.code,
      requestId: problem.requestId,
      mayRetry: problem.status >= 500,
    }
  }

  /** Says it in a toast, for acts that have no form to show it in. */
  function toastError(error: unknown, doing: string) {
    const described = describe(error)
    useToast().add({
      title: doing,
      description: [described.title, described.detail, described.next].filter(Boolean).map(withStop).join(' '),
      color: 'error',
      icon: 'i-lucide-octagon-x',
      duration: 10_000,
    })
  }

  return { describe, toastError }
}
