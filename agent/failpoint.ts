import { AppError } from '../shared/errors'

type Fault = 'kill' | 'error' | 'error-once' | 'hang'

/**
 * Places at which a test makes a fault really happen: `STRATA_FAILPOINTS=start.afterCreate=kill,stop.afterInput=hang`.
 * `kill` ends the agent as kill -9 does, `error` throws INTERNAL, `error-once` only the first time, `hang` never comes back. Nothing happens, and nothing is
 * read again, when the variable is not set at the start.
 */
const faults: Map<string, string> | undefined = process.env.STRATA_FAILPOINTS
  ? new Map(process.env.STRATA_FAILPOINTS.split(',').map(entry => splitOnce(entry.trim())))
  : undefined

export async function failpoint(name: string): Promise<void> {
  const fault = faults?.get(name) as Fault | undefined
  if (!fault) return
  if (fault === 'kill') process.kill(process.pid, 'SIGKILL')
  if (fault === 'error-once') faults?.delete(name)
  if (fault === 'error' || fault === 'error-once') throw new AppError('INTERNAL', `Failpoint ${name} was told to fail.`)
  await new Promise(() => {})
}

function splitOnce(entry: string): [string, string] {
  const at = entry.indexOf('=')
  return at < 0 ? [entry, 'error'] : [entry.slice(0, at), entry.slice(at + 1)]
}
