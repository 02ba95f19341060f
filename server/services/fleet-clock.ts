import { POLICY } from '../../shared/domain/policy'
import type { NodeStore } from '../ports'
import type { NodeDirectory } from './node-directory'
import type { NodeLive } from './node-live'
import type { NodeNews } from './node-news'
import type { ServiceLog } from './service-log'

/** What is done by the clock alone: contact with nodes is judged, and when they were heard is written down. */
export function createFleetClock(deps: {
  nodes: Pick<NodeStore, 'seen'>
  directory: Pick<NodeDirectory, 'list'>
  live: Pick<NodeLive, 'of'>
  news: Pick<NodeNews, 'judgeContact'>
  log: Pick<ServiceLog, 'error'>
}) {
  const { nodes, directory, live, news, log } = deps
  const timers: NodeJS.Timeout[] = []

  function every(ms: number, what: string, work: () => Promise<void>): void {
    const run = () =>
      void work().catch((error: unknown) => log.error({ err: error }, `${what} failed; it is tried again`))
    timers.push(setInterval(run, ms).unref())
  }

  async function writeLastSeen(): Promise<void> {
    const heard = directory.list().flatMap(({ id }) => {
      const at = live.of(id).lastHeardAt
      return at === null ? [] : [{ id, at }]
    })
    if (heard.length > 0) await nodes.seen(heard)
  }

  return {
    start() {
      every(POLICY.reconcile.contactMs, 'Judging contact with nodes', () => news.judgeContact())
      every(POLICY.reconcile.lastSeenMs, 'Writing down when nodes were heard', writeLastSeen)
    },
    stop() {
      for (const timer of timers) clearInterval(timer)
    },
    writeLastSeen,
  }
}
