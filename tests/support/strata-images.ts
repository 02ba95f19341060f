import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { signIn } from './api-client'
import { freePort } from './strata'
import { waitFor } from './wait-for'

const ROOT = join(import.meta.dirname, '..', '..')
const ADMIN = { username: 'admin', password: 'correct horse battery' }
const run = promisify(execFile)

/** Docker's command line. The builder of the engine itself: a plugin such as buildx need not be there. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, {
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
    maxBuffer: 16 * 1024 ** 2,
  })
  return stdout.trim()
}

/** The images of the Dockerfile, from what is built already, on a base that needs no registry. */
export async function buildStrataImages(mark: string): Promise<{ brain: string; agent: string }> {
  const build = async (target: string) => {
    const name = `strata-test/${target}:${mark}`
    await docker('build', '-q', '--build-arg', 'NODE_IMAGE=strata-test/node:24', '--target', target, '-t', name, ROOT)
    return name
  }
  return { brain: await build('brain'), agent: await build('agent') }
}

/** Brain and agent as containers, as an operator would run them by hand. `close` removes them; servers must be destroyed before. */
export async function openStrataContainers(images: { brain: string; agent: string }, mark: string) {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const dataDir = mkdtempSync(join(tmpdir(), 'strata-node-'))
  const brain = `strata-test-brain-${mark}`
  const agent = `strata-test-agent-${mark}`
  const socket = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace('unix://', '')

  const inspect = (container: string, format: string) => docker('inspect', '--format', format, container)
  const said = async (container: string) => {
    const { stdout, stderr } = await run('docker', ['logs', '--tail', '40', container])
    return stdout + stderr
  }

  return {
    brain,
    agent,
    inspect,
    said,
    /** @param options of `docker run` */
    async startBrain(...options: string[]): Promise<void> {
      await docker(
        ...['run', '-d', '--name', brain, '-p', `127.0.0.1:${port}:3000`],
        // Asked as the image says, only sooner.
        ...['--health-interval', '1s'],
        ...['-e', `STRATA_ADMIN_USER=${ADMIN.username}`, '-e', `STRATA_ADMIN_PASSWORD=${ADMIN.password}`],
        ...options,
        images.brain,
      )
    },
    healthy: () =>
      waitFor('the brain to be healthy', async () => {
        const health = await inspect(brain, '{{.State.Health.Status}}')
        if (health !== 'healthy') throw new Error(`it is ${health}: ${await said(brain)}`)
        return true
      }),
    signIn: () => signIn(origin, ADMIN.username, ADMIN.password),
    async startAgent(joinToken: string, ports: string): Promise<void> {
      await docker(
        ...['run', '-d', '--name', agent, '--network', 'host'],
        ...['-v', `${socket}:/var/run/docker.sock`, '-v', `${dataDir}:${dataDir}`],
        ...['-e', `STRATA_NODE_DATA_DIR=${dataDir}`, '-e', `STRATA_BRAIN_URL=${origin}`, '-e', 'STRATA_NODE_NAME=box'],
        ...['-e', `STRATA_JOIN_TOKEN=${joinToken}`, '-e', `STRATA_NODE_PORTS=${ports}`],
        ...['-e', 'STRATA_NODE_ADDRESS=127.0.0.1', images.agent],
      )
    },
    async close(): Promise<void> {
      await docker('rm', '-fv', brain, agent).catch(() => {})
      await docker('rmi', images.brain, images.agent).catch(() => {})
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
export type StrataContainers = Awaited<ReturnType<typeof openStrataContainers>>
