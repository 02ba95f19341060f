import { randomBytes } from 'node:crypto'

/** Run ids sort by the time they were made. */
export function newRunId(): string {
  return `${Date.now().toString(36).padStart(9, '0')}-${randomBytes(4).toString('hex')}`
}
