/** One value that an act changed. `before` or `after` is undefined where the log does not say. */
export interface AuditChange {
  path: string
  before: string | undefined
  after: string | undefined
}

/**
 * The details of an entry as people read them: what changed, old beside new, and the other facts. Details name old
 * values in `old`; new ones in `new`, or else beside it under the same names.
 */
export function auditDifference(detail: Record<string, unknown>): {
  changes: AuditChange[]
  facts: { path: string; value: string }[]
} {
  const { old, new: next, ...rest } = detail
  const before = flatten(old)
  const beside = isRecord(old) && next === undefined ? pick(rest, Object.keys(old)) : undefined
  const after = flatten(next ?? beside)
  const paths = [...new Set([...before.keys(), ...after.keys()])]
  const changes = paths
    .map(path => ({ path, before: before.get(path), after: after.get(path) }))
    .filter(change => change.before !== change.after)
  const told = new Set([...Object.keys(beside ?? {}), ...(isRecord(next) ? Object.keys(next) : [])])
  const facts = [...flatten(Object.fromEntries(Object.entries(rest).filter(([name]) => !told.has(name))))]
  return { changes, facts: facts.map(([path, value]) => ({ path, value })) }
}

function flatten(value: unknown, path = ''): Map<string, string> {
  if (value === undefined) return new Map()
  if (isRecord(value) && (path === '' || Object.keys(value).length > 0))
    return new Map(
      Object.entries(value).flatMap(([name, inner]) => [...flatten(inner, path ? `${path}.${name}` : name)]),
    )
  return new Map([[path, typeof value === 'string' ? value : JSON.stringify(value)]])
}

function pick(record: Record<string, unknown>, names: string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter(name => name in record).map(name => [name, record[name]]))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
