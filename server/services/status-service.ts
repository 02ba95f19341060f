import type { Reach } from '../../shared/domain/permissions'
import { POLICY } from '../../shared/domain/policy'
import type { Status } from '../../shared/schemas/status'
import { findAttention } from '../domain/attention'
import type { Clock, InstanceStore, TemplateStore } from '../ports'
import type { NodeService } from './node-service'
import type { ServiceLog } from './service-log'

export interface StatusService {
  /** How things stand within reach: for those who have single servers, of these alone; nodes and templates count as none. */
  get(reach: Reach): Promise<Status>
  /** Begins to sample how many servers run; the samples live in memory and begin anew with the brain. */
  start(): Promise<void>
  stop(): void
}

export interface StatusServiceDeps {
  instances: Pick<InstanceStore, 'countByState' | 'list' | 'find' | 'recentEvents'>
  nodes: Pick<NodeService, 'list'>
  templates: Pick<TemplateStore, 'count'>
  clock: Pick<Clock, 'now'>
  version: string
  log: ServiceLog
}

export function createStatusService(deps: StatusServiceDeps): StatusService {
  const { instances, nodes, templates, clock, version, log } = deps
  const startedAt = clock.now()
  const running: Status['running'] = []
  let sampling: NodeJS.Timeout | undefined

  async function sample(): Promise<void> {
    const { RUNNING } = await instances.countByState()
    running.push({ at: clock.now(), count: RUNNING })
    if (running.length > POLICY.status.samples) running.shift()
  }

  async function allNodes() {
    const all = []
    let cursor: string | undefined
    do {
      const page = await nodes.list({ limit: POLICY.lists.maxLimit, cursor })
      all.push(...page.items)
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
    return all
  }

  async function recentEvents(reach: Reach): Promise<Status['recentEvents']> {
    const events = await instances.recentEvents(POLICY.status.recentEvents, reach)
    return Promise.all(
      events.map(async event => {
        const instance = await instances.find(event.instanceId)
        return { ...event, instanceName: instance?.name ?? event.instanceId }
      }),
    )
  }

  return {
    async get(reach) {
      const isWhole = reach === 'all'
      const [counts, known, templateCount, events] = await Promise.all([
        instances.countByState(reach),
        isWhole ? allNodes() : [],
        isWhole ? templates.count() : 0,
        recentEvents(reach),
      ])
      const contacts: Status['nodes'] = { pending: 0, online: 0, suspect: 0, offline: 0 }
      for (const { contact } of known) contacts[contact] += 1
      const troubled = await instances.list({
        states: ['FAILED', 'STARTING', 'REQUESTED'],
        reach,
        limit: POLICY.lists.maxLimit,
      })
      return {
        version,
        startedAt,
        nodes: contacts,
        instances: counts,
        templates: templateCount,
        attention: findAttention(known, troubled.items, clock.now()).slice(0, POLICY.status.attention),
        // The samples are of everything.
        running: [...(isWhole ? running : []), { at: clock.now(), count: counts.RUNNING }],
        recentEvents: events,
      }
    },

    async start() {
      await sample()
      sampling = setInterval(() => {
        sample().catch((error: unknown) =>
          log.error({ err: error }, 'The number of running servers could not be sampled'),
        )
      }, POLICY.status.sampleMs).unref()
    },

    stop() {
      clearInterval(sampling)
    },
  }
}
