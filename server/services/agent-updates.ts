import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { AgentStanding } from '../../shared/schemas/node'
import type { AgentFiles, AgentLink, Clock, NodeRecord } from '../ports'
import type { NodeDirectory } from './node-directory'
import type { NodeLive } from './node-live'
import type { ServiceLog } from './service-log'

/** Which agents are not the one of this brain, and their way to become it. */
export interface AgentUpdates {
  /** Null for a node that never told what it is. */
  standing(record: NodeRecord): Promise<AgentStanding | null>
  /**
   * Has the agent fetch this brain's program and go on as that. Resolves when the agent has begun. NODE_UNREACHABLE; CONFLICT when it is
   * that program already, is on its way to it, or is updated in another manner.
   */
  start(record: NodeRecord): Promise<void>
  /** A node has told its whole truth: an update has ended, and in `auto` the next one may begin. */
  reported(nodeId: string): Promise<void>
}

export interface AgentUpdatesDeps {
  files: Pick<AgentFiles, 'agentSha256'>
  mode: 'manual' | 'auto'
  directory: Pick<NodeDirectory, 'find' | 'list'>
  live: Pick<NodeLive, 'isReady'>
  link: Pick<AgentLink, 'send'>
  clock: Pick<Clock, 'monotonic'>
  log: ServiceLog
  onChanged: (nodeId: string) => void
}

const HOW_ELSE: Record<Exclude<AgentStanding['updates'], 'self'>, string> = {
  container: 'it runs as a container and is updated with its image: run a new join command for Docker on that machine',
  elsewhere: 'it was started by hand or by npm start: whoever started it starts the newer one',
  rejoin: 'it is too old to update itself: run a new join command on that machine, and its servers go on meanwhile',
}

export function createAgentUpdates(deps: AgentUpdatesDeps): AgentUpdates {
  const { files, directory, live, link, clock, log } = deps
  /** Nodes on their way: to which program, and since when. */
  const underWay = new Map<string, { sha256: string; since: number }>()

  function isUnderWay(nodeId: string): boolean {
    const update = underWay.get(nodeId)
    return update !== undefined && clock.monotonic() - update.since < POLICY.agentUpdate.giveUpMs
  }

  async function standing({ id, specs }: NodeRecord): Promise<AgentStanding | null> {
    if (!specs) return null
    const wanted = await files.agentSha256()
    const { program } = specs
    const isCurrent = program?.sha256 === wanted
    const state = wanted === null ? 'unknown' : isCurrent ? 'current' : isUnderWay(id) ? 'updating' : 'outdated'
    const failure = program?.failure?.sha256 === wanted ? program?.failure?.message : undefined
    return { state, updates: program?.updates ?? 'rejoin', failure: failure ?? null }
  }

  async function start(record: NodeRecord): Promise<void> {
    const sha256 = await files.agentSha256()
    const now = await standing(record)
    const refuse = (why: string) => new AppError('CONFLICT', `The agent of "${record.name}" is not updated: ${why}.`)
    if (!now) throw refuse('the node has not joined yet')
    if (sha256 === null) throw refuse('this brain has no agent at hand; build it with npm run build')
    if (now.state === 'current') throw refuse('it is the one of this brain already')
    if (now.updates !== 'self') throw refuse(HOW_ELSE[now.updates])
    if (now.state === 'updating') throw refuse('it is being updated right now')
    underWay.set(record.id, { sha256, since: clock.monotonic() })
    try {
      const answer = await link.send(record.id, 'node.update', { sha256 })
      if (!answer.ok) throw refuse(answer.message.replace(/\.$/, ''))
    } catch (error) {
      underWay.delete(record.id)
      throw error
    }
    log.info({ nodeId: record.id, sha256 }, 'The agent of a node becomes the one of this brain')
    deps.onChanged(record.id)
  }

  /** One node at a time, and none after a failure: a program that does not come up stops at the first machine. */
  async function startNext(): Promise<void> {
    const nodes = directory.list()
    if (nodes.some(({ id }) => isUnderWay(id))) return
    const standings = await Promise.all(nodes.map(async node => ({ node, now: await standing(node) })))
    if (standings.some(({ now }) => now?.failure)) return
    const next = standings.find(
      ({ node, now }) => now?.state === 'outdated' && now.updates === 'self' && live.isReady(node.id),
    )
    if (next) await start(next.node)
  }

  return {
    standing,
    start,
    async reported(nodeId) {
      const update = underWay.get(nodeId)
      const program = directory.find(nodeId)?.specs?.program
      if (update && program) {
        const failure = program.failure?.sha256 === update.sha256 ? program.failure.message : null
        if (failure) log.warn({ nodeId, sha256: update.sha256, failure }, 'The agent of a node stayed the one it was')
        if (failure || program.sha256 === update.sha256) underWay.delete(nodeId)
      }
      if (deps.mode === 'manual') return
      // Not awaited: the report comes through the queue that the answer to this would stand in.
      startNext().catch((error: unknown) => log.warn({ err: error }, 'The agent of a node could not be updated'))
    },
  }
}
