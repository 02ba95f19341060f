import { setTimeout as delay } from 'node:timers/promises'

/** How a failpoint acts: `name=kill`, `name=error` or `name=hang`, comma-separated, in `STRATA_FAILPOINTS`. */
const armed = new Map((process.env.STRATA_FAILPOINTS ?? '').split(',').filter(Boolean).map(pair => pair.split('=') as [string, string]))

/**
 * A named place where a test makes the agent die, fail or hang, to show that it survives that. Does nothing unless
 * `STRATA_FAILPOINTS` names it.
 *
 * @throws Error for `error`; never comes back for `kill` and `hang`
 */
export async function failpoint(name: string): Promise<void> {
  const action = armed.get(name)
  if (action === undefined) return
  if (action === 'kill') process.kill(process.pid, 'SIGKILL')
  if (action === 'error') throw new Error(`failpoint ${name}`)
  await delay(2 ** 31 - 1)
}
