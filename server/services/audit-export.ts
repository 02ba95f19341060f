import { Readable } from 'node:stream'
import { stringify } from 'csv-stringify'
import type { AuditExport } from '../../shared/schemas/audit'
import type { AuditEntry } from '../../shared/schemas/event'

/** Columns of the table, in this order. Times in UTC. */
const COLUMNS: Record<string, (entry: AuditEntry) => string | null> = {
  at: entry => new Date(entry.at).toISOString(),
  actor: entry => entry.actor.name,
  actorKind: entry => entry.actor.kind,
  actorId: entry => entry.actor.id,
  action: entry => entry.action,
  subjectKind: entry => entry.subject.kind,
  subjectId: entry => entry.subject.id,
  outcome: entry => entry.outcome,
  address: entry => entry.address,
  requestId: entry => entry.requestId,
  detail: entry => JSON.stringify(entry.detail),
}

/**
 * Entries as text, written as it is read. In CSV (RFC 4180) a cell that a spreadsheet would take for a formula is
 * led by an apostrophe: names, lines and addresses are what strangers sent.
 */
export function writeAuditTable(entries: AsyncIterable<AuditEntry>, format: AuditExport['format']): Readable {
  if (format === 'jsonl') return Readable.from(lines(entries))
  const table = stringify({
    header: true,
    columns: Object.keys(COLUMNS),
    escape_formulas: true,
    record_delimiter: '\r\n',
  })
  const source = Readable.from(rows(entries))
  source.on('error', error => table.destroy(error))
  table.on('close', () => source.destroy())
  return source.pipe(table)
}

async function* lines(entries: AsyncIterable<AuditEntry>): AsyncGenerator<string> {
  for await (const entry of entries) yield `${JSON.stringify(entry)}\n`
}

async function* rows(entries: AsyncIterable<AuditEntry>): AsyncGenerator<(string | null)[]> {
  for await (const entry of entries) yield Object.values(COLUMNS).map(cell => cell(entry))
}
