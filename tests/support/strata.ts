import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signIn } from './api-client'
import { startProgram } from './program'
import type { Program } from './program'
import { waitFor } from './wait-for'

const ROOT = join(import.meta.dirname, '..', '..')
const ADMIN = { username: 'admin', password: 'correct horse battery' }

/** A port nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

/**
 * A whole Strata as it is built: the brain of `.output` and agents of `dist/agent`, in folders and on ports of their own. `close` ends
 * the programs and removes the folders; servers must have been destroyed before.
 */
export async function openStrata(brainEnv: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'strata-e2e-'))
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const programs = new Set<Program>()

  function keep(program: Program): Program {
    programs.add(program)
    return program
  }

  /** @param more settings that are known only now, such as those that hold `origin` */
  async function startBrain(more: Record<string, string> = {}): Promise<Program> {
    const brain = keep(
      startProgram(join(ROOT, 'scripts', 'brain.mjs'), [], {
        STRATA_PORT: String(port),
        STRATA_DATA_DIR: join(folder, 'brain'),
        STRATA_ADMIN_USER: ADMIN.username,
        STRATA_ADMIN_PASSWORD: ADMIN.password,
        ...brainEnv,
        ...more,
      }),
    )
    await waitFor(`the brain to answer; it said:\n${brain.said()}`, async () => {
      if (brain.process.exitCode !== null) throw new Error(brain.said())
      return (await fetch(`${origin}/healthz`)).ok
    })
    return brain
  }

  return {
    origin,
    folder,
    startBrain,
    signIn: () => signIn(origin, ADMIN.username, ADMIN.password),
    admin: ADMIN,
    /** Starts an agent in a folder of its own; `joinToken` the first time only. */
    startAgent(name: string, env: Record<string, string>): Program {
      return keep(
        startProgram(join(ROOT, 'dist', 'agent', 'strata-agent.mjs'), [], {
          STRATA_BRAIN_URL: origin,
          STRATA_NODE_NAME: name,
          STRATA_NODE_DATA_DIR: join(folder, 'nodes', name),
          ...(process.env.DOCKER_HOST ? { DOCKER_HOST: process.env.DOCKER_HOST } : {}),
          ...env,
        }),
      )
    },
    async close() {
      for (const program of programs) await program.end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
    /** What every program said, for an error message. */
    said: () => [...programs].map(program => program.said()).join('\n----\n'),
  }
}
export type Strata = Awaited<ReturnType<typeof openStrata>>
