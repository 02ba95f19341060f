import type { ExitInfo } from '../runtime/container-runtime'

/** Codes that have a meaning whatever the server is; see "Exit Status" in bash(1) and docker-run(1). */
const KNOWN: Record<number, string> = {
  125: 'the container could not be run',
  126: 'a program was found but may not be executed',
  127: 'a program was not found',
  134: 'it aborted itself',
  137: 'it was killed from outside (SIGKILL), and not for its use of memory',
  139: 'it accessed memory that is not its own (SIGSEGV)',
  143: 'it was asked to end from outside (SIGTERM)',
}

/**
 * How a server ended, as the predicate of a sentence about it: "ended with exit code 1".
 *
 * @param limitMb what its memory was limited to, for the case that it ran out of it
 */
export function exitWords(exit: ExitInfo, limitMb: number): string {
  if (exit.outOfMemory) return `ran out of memory and was killed; its limit is ${limitMb} MB`
  if (exit.code === null)
    return 'disappeared, and how it ended is not known: its container was removed outside of Strata, or the machine stopped'
  const known = KNOWN[exit.code] ?? (exit.signal ? `it was ended by ${exit.signal}` : undefined)
  return `ended with exit code ${exit.code}${known ? ` (${known})` : ''}`
}
