import { setResponseHeader } from 'h3'
import { auditExportQuery } from '../../../../shared/schemas/audit'
import { defineEndpoint } from '../../../http/define-endpoint'

const TYPES = { csv: 'text/csv; charset=utf-8', jsonl: 'application/jsonl; charset=utf-8' } as const

export default defineEndpoint({
  summary: 'Who did what, as a file',
  description: 'Every entry that matches: `csv` for spreadsheets, `jsonl` with one entry per line.',
  permission: 'audit.read',
  query: auditExportQuery,
  response: 'stream',
  mediaTypes: Object.values(TYPES),
  handler({ brain, query, event }) {
    const day = new Date(brain.clock.now()).toISOString().slice(0, 10)
    setResponseHeader(event, 'content-type', TYPES[query.format])
    setResponseHeader(event, 'content-disposition', `attachment; filename="strata-audit-${day}.${query.format}"`)
    return brain.audit.export(query)
  },
})
