import type { z } from 'zod'
import type { ErrorIssue } from '../errors'

/** A place in a document as people write it: `runtime.ports[0].container`; empty for the document itself. */
export function issuePath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}

/** What zod found, as issues of a problem document: one for each fault, unknown keys one by one at their own path. */
export function issuesOf(found: readonly z.core.$ZodIssue[]): ErrorIssue[] {
  return found.flatMap((issue): ErrorIssue[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map(key => ({ path: issuePath([...issue.path, key]), message: 'Unknown key' }))
    }
    if (issue.code === 'invalid_key') {
      return issue.issues.map(({ message }) => ({ path: issuePath(issue.path), message }))
    }
    return [{ path: issuePath(issue.path), message: issue.message }]
  })
}
