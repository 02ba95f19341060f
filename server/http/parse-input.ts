import type { z } from 'zod'
import { AppError } from '../../shared/errors'
import type { ErrorIssue } from '../../shared/errors'

/** Parses what came from outside. VALIDATION_FAILED with every issue and its path (`layers[0].template`). */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.flatMap(issue => toIssues(issue))
  const shown = issues.slice(0, 3).map(issue => (issue.path ? `${issue.path}: ${issue.message}` : issue.message))
  throw new AppError(
    'VALIDATION_FAILED',
    `In the ${where}: ${shown.join('; ')}${issues.length > shown.length ? `; and ${issues.length - shown.length} more` : ''}.`,
    { issues },
  )
}

function toIssues(issue: z.core.$ZodIssue): ErrorIssue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({ path: toPath([...issue.path, key]), message: 'is not known here' }))
  }
  return [{ path: toPath(issue.path), message: issue.message }]
}

function toPath(parts: readonly PropertyKey[]): string {
  return parts.reduce<string>(
    (path, part) => (typeof part === 'number' ? `${path}[${part}]` : path ? `${path}.${String(part)}` : String(part)),
    '',
  )
}
