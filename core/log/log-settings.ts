import { resolve } from 'node:path'
import { z } from 'zod'
import type { LogFile } from './log-output'

const UNITS: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

/** The settings of the log that brain and agent have in common, by the names of the documentation. */
export const logEnvironment = {
  STRATA_LOG_FILE: z.string().optional(),
  STRATA_LOG_FILE_SIZE: z
    .string()
    .regex(/^\d+[kmg]?$/i, 'must be a size such as 10m')
    .transform(text => Number.parseInt(text, 10) * (UNITS[text.replace(/\d/g, '').toLowerCase()] ?? 1))
    .refine(bytes => bytes >= 64 * 1024, 'must be 64k at least')
    .default(10 * 1024 ** 2),
  STRATA_LOG_FILE_COUNT: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(1, 'must be 1 at least')
    .max(1_000, 'must be 1000 at most')
    .default(5),
}

/** @param cwd what a relative path is relative to */
export function logFileOf(values: z.output<z.ZodObject<typeof logEnvironment>>, cwd: string): LogFile | null {
  if (!values.STRATA_LOG_FILE) return null
  return {
    path: resolve(cwd, values.STRATA_LOG_FILE),
    maxBytes: values.STRATA_LOG_FILE_SIZE,
    keep: values.STRATA_LOG_FILE_COUNT,
  }
}
