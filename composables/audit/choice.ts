import type { LocationQuery } from 'vue-router'

/** What things an act can be on; those the log speaks of most. */
export const AUDIT_KINDS = ['user', 'session', 'token', 'instance', 'node', 'template', 'operation', 'setup'] as const

/** What somebody chose on the page of the audit log, each as it stands in the address; empty: not chosen. */
export interface AuditChoice {
  text: string
  kind: string
  outcome: string
  actor: string
  actorName: string
  subject: string
  /** Days, `2026-11-21`, in the time zone of the browser; the last one is included. */
  since: string
  until: string
}

export const NO_AUDIT_FILTER: AuditChoice = {
  text: '',
  kind: '',
  outcome: '',
  actor: '',
  actorName: '',
  subject: '',
  since: '',
  until: '',
}

const NAMES = Object.keys(NO_AUDIT_FILTER) as (keyof AuditChoice)[]

export function auditChoiceFrom(query: LocationQuery): AuditChoice {
  const choice = { ...NO_AUDIT_FILTER }
  for (const name of NAMES) {
    const value = query[name]
    if (typeof value === 'string') choice[name] = value
  }
  return choice
}

/** For the address: what was not chosen is left out. */
export function auditChoiceQuery(choice: AuditChoice): Record<string, string> {
  return Object.fromEntries(NAMES.filter(name => choice[name] !== '').map(name => [name, choice[name]]))
}

export function isAuditFiltered(choice: AuditChoice): boolean {
  return NAMES.some(name => choice[name] !== '')
}

/** As the brain is asked: times instead of days. A day that is none is left out. */
export function auditQuery({ actorName: _, since, until, ...choice }: AuditChoice): Record<string, string> {
  const given = Object.entries(choice).filter(([, value]) => value !== '')
  const times = [
    ['since', startOf(since, 0)],
    ['until', startOf(until, 1)],
  ].filter(([, value]) => value !== undefined)
  return Object.fromEntries([...given, ...times]) as Record<string, string>
}

/** The first moment of a day, or of one some days later, in milliseconds. */
function startOf(day: string, daysLater: number): string | undefined {
  const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day) ?? []
  return year === undefined
    ? undefined
    : String(new Date(Number(year), Number(month) - 1, Number(date) + daysLater).getTime())
}
