import type { AppError } from '../../shared/errors'
import { POLICY } from '../../shared/domain/policy'
import type { AuditEntry } from '../../shared/schemas/event'
import { MASKED } from '../../shared/schemas/instance'
import type { Brain } from '../brain/create-brain'
import type { Principal } from '../ports'

/** What an endpoint adds to its entry: whom it did it to, who did it (when that is known only afterwards), old and new values. */
export interface AuditNote {
  subjectId?: string
  actor?: Principal['actor']
  detail?: Record<string, unknown>
  /** This time it was only asked what would be; there is nothing to tell of. */
  isQuestion?: true
  /** Answered well, such as with the way back to a page, but what was asked for was refused. */
  refusal?: AppError
}

export interface AuditFacts {
  action: string
  subject: { kind: string; id: string | null }
  principal: Principal | null
  requestId: string
  address: string
  detail: Record<string, unknown>
  note: AuditNote
}

const ANONYMOUS = { kind: 'user', id: null, name: 'anonymous' } as const

/** Writes one entry for one request, whatever came of it. The act stands even if this fails: then the log says so. */
export async function recordAudit(brain: Brain, facts: AuditFacts, failure: AppError | null): Promise<void> {
  if (facts.note.isQuestion) return
  const error = failure ?? facts.note.refusal ?? null
  const outcome = error === null ? 'done' : error.status >= 500 ? 'failed' : 'refused'
  const actor = facts.note.actor ?? facts.principal?.actor ?? ANONYMOUS
  if (actor === ANONYMOUS && outcome === 'refused' && !brain.anonymousAudit.take()) return
  const entry: Omit<AuditEntry, 'id' | 'at'> = {
    actor,
    action: facts.action,
    subject: { ...facts.subject, id: facts.note.subjectId ?? facts.subject.id },
    outcome,
    requestId: facts.requestId,
    address: facts.address,
    detail: {
      ...maskRecord(facts.detail),
      ...maskRecord(facts.note.detail ?? {}),
      ...(error && { code: error.code, message: error.detail }),
    },
  }
  try {
    await brain.audit.record(entry)
  } catch (cause) {
    brain.log.error({ err: cause, entry }, 'An entry of the audit log could not be written')
  }
}

const SECRET_NAME = /password|secret|token|challenge|^code$|^current$|^next$|authorization|cookie/i
const MOST_CHARACTERS = 500
const MOST_ITEMS = 50
const MOST_DEPTH = 6

/** Values for the audit log: secrets masked, also every variable's value (a template may call any of them secret); long things cut. */
export function maskRecord(values: Record<string, unknown>, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values)
      .slice(0, MOST_ITEMS)
      .map(([name, value]) => {
        if (name === 'variables' && isRecord(value))
          return [
            name,
            Object.fromEntries(
              Object.keys(value)
                .slice(0, MOST_ITEMS)
                .map(key => [key, MASKED]),
            ),
          ]
        return [
          name,
          SECRET_NAME.test(name) && value !== null && value !== undefined ? MASKED : maskValue(value, depth + 1),
        ]
      }),
  )
}

function maskValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value
  if (depth > MOST_DEPTH) return '…'
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map(item => maskValue(item, depth + 1))
  return isRecord(value) ? maskRecord(value, depth) : value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How many refusals of strangers are still written in this minute. */
export function createAnonymousAudit(now: () => number): { take(): boolean } {
  let minute = 0
  let left: number = POLICY.http.anonymousAuditPerMinute
  return {
    take() {
      const present = Math.floor(now() / 60_000)
      if (present !== minute) {
        minute = present
        left = POLICY.http.anonymousAuditPerMinute
      }
      return left-- > 0
    },
  }
}
