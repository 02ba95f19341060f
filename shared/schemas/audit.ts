import { z } from 'zod'
import { pageQuery, wholeNumber } from './common'
import { auditEntry } from './event'

const moment = wholeNumber(0, Number.MAX_SAFE_INTEGER)

/** Which entries. `actor` and `subject` are ids; `text` is looked for in names, addresses, acts and details. */
const auditChoice = z.strictObject({
  action: z.string().max(100).optional(),
  actor: z.string().max(100).optional(),
  subject: z.string().max(100).optional(),
  /** What was acted on: `user`, `instance`, `node` … */
  kind: z.string().max(40).optional(),
  outcome: auditEntry.shape.outcome.optional(),
  text: z.string().max(200).optional(),
  /** From this time on, and before that one. */
  since: moment.optional(),
  until: moment.optional(),
})
export const auditFilter = auditChoice.extend(pageQuery.shape)
export type AuditFilter = z.output<typeof auditFilter>

/** `csv` for spreadsheets; `jsonl` has one entry per line, as the list answers them. */
export const auditExportQuery = auditChoice.extend({ format: z.enum(['csv', 'jsonl']).default('csv') })
export type AuditExport = z.output<typeof auditExportQuery>
