import { join } from 'node:path'
import pino from 'pino'
import { readSettings } from '../../agent/config'
import type { OwnProgram } from '../../agent/program/own-program'
import { runAgent } from '../../agent/run-agent'
import type { Node } from '../../shared/schemas/node'
import { ADMIN, startApiServer } from './api-server'
import { temporaryFolder } from './temporary-folder'
import { waitFor } from './wait-for'

/** The agent as part of a test's own process: nothing that could be replaced. */
const FIXED_PROGRAM: OwnProgram = {
  describe: () => ({ sha256: '0'.repeat(64), updates: 'elsewhere', failure: null }),
  saySupervising() {},
  sayReady() {},
  refuseWhereFixed() {},
  fetchNext: async () => {},
}

/** A real agent in this process, with a folder of its own that outlives it. */
export interface TlsAgent {
  dataDir: string
  /** Lines of its log, and what it gave up with. */
  said: () => string
  stop(): Promise<void>
}

export type TlsFleet = Awaited<ReturnType<typeof startTlsFleet>>

/** A brain with its doors open on free ports, and real agents that dial it. `env` is the brain's. */
export async function startTlsFleet(env: Record<string, string> = {}, clock = steppedClock()) {
  const folder = await temporaryFolder()
  const brainDir = join(folder.path, 'brain')
  const start = (more: Record<string, string>) =>
    startApiServer({
      env: { STRATA_PORT: '0', STRATA_DATA_DIR: brainDir, STRATA_LOG_LEVEL: 'silent', ...env, ...more },
      parts: { clock },
    })
  let api = await start({})
  let cookie = await api.cookieOf('admin')
  const agents = new Set<TlsAgent>()

  const fleet = {
    clock,
    brainDir,
    folder: folder.path,
    get api() {
      return api
    },
    /** The brain ends and starts again on the same port for agents, perhaps with other settings. */
    async restart(more: Record<string, string> = {}, meanwhile: () => Promise<void> = async () => {}) {
      const port = fleet.agentPort()
      await api.close()
      await meanwhile()
      api = await start({ ...(port ? { STRATA_AGENT_PORT: port } : {}), ...more })
      cookie = await api.cookieOf('admin')
    },
    /** The brain's time goes on, or back; that of its nodes does not. */
    async pass(ms: number) {
      clock.aheadMs += ms
      cookie = await api.signIn(ADMIN.username, ADMIN.password)
    },
    agentPort: () => api.brain.doors.status(() => 0).agents.url?.replace(/^.*:/, '') ?? null,
    async call<Body>(method: string, path: string, json?: unknown) {
      const answer = await api.request(`/api/v1${path}`, { method, cookie, ...(json === undefined ? {} : { json }) })
      return { status: answer.status, body: answer.body as Body }
    },
    async node(id: string) {
      return (await fleet.call<Node>('GET', `/nodes/${id}`)).body
    },
    /** Adds a node; what its join command sets. */
    async add(name: string) {
      const { body } = await fleet.call<{ node: Node; joinToken: string; joinCommand: string }>('POST', '/nodes', {
        name,
      })
      const set = Object.fromEntries(
        [...body.joinCommand.matchAll(/(STRATA_[A-Z0-9_]+)=(\S+)/g)].map(([, key, value]) => [key, value]),
      ) as Record<string, string>
      return { ...body, set }
    },
    async start(name: string, set: Record<string, string>): Promise<TlsAgent> {
      const lines: string[] = []
      const dataDir = join(folder.path, name)
      const settings = readSettings({
        STRATA_NODE_NAME: name,
        STRATA_NODE_DATA_DIR: dataDir,
        STRATA_RUNTIME: 'process',
        ...set,
      })
      const log = pino({ level: 'debug', base: undefined }, { write: (line: string) => void lines.push(line) })
      const running = await runAgent(settings, log, {
        program: FIXED_PROGRAM,
        giveUp: message => void lines.push(message),
        restart: () => {},
      })
      const agent: TlsAgent = {
        dataDir,
        said: () => lines.join('\n'),
        async stop() {
          agents.delete(agent)
          await running.close()
        },
      }
      agents.add(agent)
      return agent
    },
    /** Adds a node, starts its agent, and waits until it speaks by certificate. */
    async joinByCertificate(name: string) {
      const { node, set } = await fleet.add(name)
      const agent = await fleet.start(name, set)
      await fleet.until(node.id, seen => seen.security.transport === 'mtls')
      return { id: node.id, agent, set }
    },
    until: (id: string, isSo: (node: Node) => boolean, limitMs = 20_000) =>
      waitFor(
        `node ${id} to be so`,
        async () => {
          const seen = await fleet.node(id)
          if (isSo(seen)) return seen
          throw new Error(JSON.stringify({ contact: seen.contact, ...seen.security }))
        },
        limitMs,
      ),
    async close() {
      for (const agent of agents) await agent.stop()
      await api.close()
      await folder.remove()
    },
  }
  return fleet
}

/** The time of this machine, and what it is set forward by. */
export function steppedClock() {
  const clock = {
    aheadMs: 0,
    now: () => Date.now() + clock.aheadMs,
    monotonic: () => performance.now(),
  }
  return clock
}
