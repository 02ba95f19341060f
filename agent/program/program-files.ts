import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { sha256 } from '../../shared/schemas/common'

/** The agent's own files on a machine where it updates itself, all in one folder. */
export function programFiles(folder: string) {
  return {
    /** What runs. */
    current: join(folder, 'strata-agent.mjs'),
    /** Fetched and checked; becomes the current one when it has come up. */
    next: join(folder, 'strata-agent.next.mjs'),
    /** What ran before, for a person to go back to. */
    previous: join(folder, 'strata-agent.previous.mjs'),
    failure: join(folder, 'update-failed.json'),
  }
}

const failure = z.object({ sha256, message: z.string() })
/** The last update that was taken back, and why. */
export type UpdateFailure = z.output<typeof failure>

export function readFailure(folder: string): UpdateFailure | null {
  try {
    return failure.parse(JSON.parse(readFileSync(programFiles(folder).failure, 'utf8')))
  } catch {
    return null // there was none, or it was cut off by a crash: it is only told, nothing follows from it
  }
}

export function writeFailure(folder: string, what: UpdateFailure | null): void {
  const file = programFiles(folder).failure
  if (what) writeFileSync(file, JSON.stringify({ ...what, message: what.message.slice(0, 2_000) }))
  else rmSync(file, { force: true })
}

export function sha256Of(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export const sha256OfFile = (file: string): string => sha256Of(readFileSync(file))
