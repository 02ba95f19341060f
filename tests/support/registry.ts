import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ensurePrograms, findProgram } from './packages'
import { runCommand } from './run-command'
import { freePort } from './strata'
import { waitFor } from './wait-for'

export const REGISTRY_LOGIN = { username: 'puller', password: 'registry-sentinel-secret' }
const run = promisify(execFile)

/** A registry of images on loopback that gives nothing without a sign-in, and Docker's command line signed in to it. */
export async function openRegistry() {
  await ensurePrograms({ 'docker-registry': 'docker-registry', htpasswd: 'apache2-utils' })
  const home = mkdtempSync(join(tmpdir(), 'strata-registry-'))
  const host = `127.0.0.1:${await freePort()}`
  const { username, password } = REGISTRY_LOGIN
  const users = join(home, 'users')
  writeFileSync(users, await runCommand('htpasswd', ['-Bbn', username, password]))
  const config = join(home, 'config.yml')
  const settings = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(home, 'data') }, delete: { enabled: true } },
    http: { addr: host },
    auth: { htpasswd: { realm: 'tests', path: users } },
  }
  writeFileSync(config, JSON.stringify(settings))
  let server: ChildProcess | undefined

  async function docker(...args: string[]): Promise<string> {
    return (await run('docker', ['--config', join(home, 'cli'), ...args])).stdout.trim()
  }

  const registry = {
    host,
    image: (name: string) => `${host}/${name}`,
    /** Nothing happens when it runs already. */
    async start() {
      if (server) return
      const program = (await findProgram('docker-registry')) ?? ''
      server = spawn(program, ['serve', config], { stdio: 'ignore' })
      await waitFor('the registry to answer', async () => (await fetch(`http://${host}/v2/`)).status === 401)
    },
    /** Resolves when it is gone. */
    async stop() {
      const ending = server
      server = undefined
      if (!ending || ending.exitCode !== null) return
      const gone = new Promise(resolve => ending.once('exit', resolve))
      ending.kill('SIGKILL')
      await gone
    },
    /** Connections stand and nobody answers; `SIGCONT` ends that. */
    signal: (signal: 'SIGSTOP' | 'SIGCONT') => server?.kill(signal),
    /** Puts a local image there under a name, and takes it from the engine. Resolves to its digest. */
    async push(local: string, name: string): Promise<string> {
      await docker('tag', local, registry.image(name))
      const said = await docker('push', registry.image(name))
      await docker('rmi', registry.image(name), local)
      return /digest: (sha256:[0-9a-f]{64})/.exec(said)?.[1] ?? ''
    },
    /** Lets a tag name what another one names, as a build server does that pushes a new version. */
    async move(repository: string, from: string, to: string): Promise<void> {
      const at = (tag: string) => `http://${host}/v2/${repository}/manifests/${tag}`
      const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
      const type = 'application/vnd.docker.distribution.manifest.v2+json'
      const found = await fetch(at(from), { headers: { authorization, accept: type } })
      const body = await found.text()
      const put = await fetch(at(to), { method: 'PUT', body, headers: { authorization, 'content-type': type } })
      if (put.status !== 201) throw new Error(`the registry answered ${put.status}: ${await put.text()}`)
    },
    /** Takes every name of this registry from the engine, with what hangs on it. */
    async forget() {
      const listed = await docker('images', '--digests', '--format', '{{.Repository}} {{.ID}}')
      const own = listed.split('\n').filter(line => line.startsWith(`${host}/`))
      for (const id of new Set(own.map(line => line.split(' ')[1] ?? ''))) if (id) await docker('rmi', '-f', id)
    },
    docker,
    async close() {
      await registry.forget()
      await registry.stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
  await registry.start()
  await docker('login', '-u', username, '-p', password, host)
  return registry
}
export type Registry = Awaited<ReturnType<typeof openRegistry>>
