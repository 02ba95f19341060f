import { isNativeError } from 'node:util/types'
import { createContext, Script } from 'node:vm'
import { POLICY } from '../../shared/domain/policy'

/** A value to be tested against the pattern that a template demands of it. */
export interface PatternCheck {
  name: string
  pattern: string
  value: string
}

/** Runs in a context of its own; a result for each check, in order, as far as it came. */
const TEST_ALL = new Script(
  'for (; done.length < checks.length; done.push(new RegExp("^(?:" + checks[done.length].pattern + ")$", "u").test(checks[done.length].value)));',
)

/**
 * The names whose value is not what the whole of their pattern describes, and those whose pattern took too long.
 * Patterns come from templates: some regular expressions take longer than the universe for a short text, so all of
 * them together get `POLICY.variables.patternsMs` and no more.
 */
export function failedPatterns(checks: readonly PatternCheck[]): { name: string; isTimeout: boolean }[] {
  const failed: { name: string; isTimeout: boolean }[] = []
  const until = performance.now() + POLICY.variables.patternsMs
  let rest = checks
  while (rest.length > 0) {
    const done = testWithin(rest, Math.max(1, Math.ceil(until - performance.now())))
    rest.slice(0, done.length).forEach(({ name }, at) => {
      if (!done[at]) failed.push({ name, isTimeout: false })
    })
    const stuck = rest[done.length]
    if (stuck) failed.push({ name: stuck.name, isTimeout: true })
    rest = rest.slice(done.length + 1)
  }
  return failed
}

function testWithin(checks: readonly PatternCheck[], timeout: number): boolean[] {
  const done: boolean[] = []
  try {
    TEST_ALL.runInContext(createContext({ checks, done }), { timeout })
  } catch (error) {
    if (!isTimeout(error)) throw error
  }
  return done
}

function isTimeout(error: unknown): boolean {
  // Thrown in another context, it may be no instance of our own Error.
  return isNativeError(error) && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}
