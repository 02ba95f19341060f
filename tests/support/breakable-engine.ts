import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answers } from './engine-api.ts'
import { ensureTestImages } from './images.ts'
import { ensurePrograms, findProgram } from './packages.ts'
import { runCommand } from './run-command.ts'
import { waitFor } from './wait-for.ts'

const OVERLAYFS = 0x794c7630

/** A Docker Engine of a test's own, which it may stop, start and let hang. Its containerd lives beside it, as in an installation. */
export async function openBreakableEngine() {
  await ensurePrograms({ dockerd: 'docker.io', containerd: 'containerd', runc: 'runc', ip: 'iproute2' })
  const home = mkdtempSync(join(tmpdir(), 'strata-engine-'))
  const data = join(home, 'data')
  mkdirSync(data)
  const isOnOverlay = statfsSync(data).type === OVERLAYFS
  if (isOnOverlay) await runCommand('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'strata-tests', data])
  const bridge = `brk${process.pid.toString(36)}`
  await runCommand('ip', ['link', 'add', bridge, 'type', 'bridge'])
  await runCommand('ip', [
    'address',
    'add',
    `10.${100 + (process.pid % 50)}.${(process.pid >> 6) % 256}.1/24`,
    'dev',
    bridge,
  ])
  await runCommand('ip', ['link', 'set', bridge, 'up'])
  const address = `unix://${join(home, 'docker.sock')}`
  const containerdSocket = join(home, 'containerd.sock')
  const containerd = await run('containerd', [
    '--root',
    join(data, 'containerd'),
    '--state',
    join(home, 'containerd'),
    '--address',
    containerdSocket,
  ])
  await waitFor('containerd', () => existsSync(containerdSocket))
  let dockerd: ChildProcess | undefined

  async function run(program: string, args: string[]): Promise<ChildProcess> {
    const path = await findProgram(program)
    if (!path) throw new Error(`${program} is not on the path`)
    const log = openSync(join(home, `${program}.log`), 'a')
    const child = spawn(path, args, { stdio: ['ignore', log, log], detached: true })
    await once(child, 'spawn')
    return child
  }

  const engine = {
    address,
    async start() {
      dockerd = await run('dockerd', [
        ...['--containerd', containerdSocket, '--host', address, '--pidfile', join(home, 'dockerd.pid')],
        ...['--data-root', join(data, 'docker'), '--exec-root', join(home, 'exec')],
        ...['--bridge', bridge, '--iptables=false', '--ip6tables=false'],
      ])
      await waitFor('the engine to answer', () => answers(address), 60_000)
    },
    /** As `systemctl stop docker` does: servers are asked to end, then the daemon ends. */
    async stop(signal: NodeJS.Signals = 'SIGTERM') {
      if (!dockerd || dockerd.exitCode !== null || dockerd.signalCode !== null) return
      const ended = once(dockerd, 'exit')
      dockerd.kill(signal)
      await ended
    },
    hang: () => dockerd?.kill('SIGSTOP'),
    thaw: () => dockerd?.kill('SIGCONT'),
    async close() {
      engine.thaw()
      await engine.stop()
      const ended = once(containerd, 'exit')
      containerd.kill('SIGTERM')
      await ended
      await runCommand('ip', ['link', 'delete', bridge])
      // A daemon that was killed leaves mounts of its containers.
      const mounts = readFileSync('/proc/mounts', 'utf8')
        .split('\n')
        .map(line => line.split(' ')[1] ?? '')
      for (const mount of mounts.filter(path => path.startsWith(`${home}/`)).reverse())
        await runCommand('umount', ['-l', mount])
      rmSync(home, { recursive: true, force: true })
    },
  }
  await engine.start()
  await ensureTestImages(address, { publicNames: false })
  return engine
}
export type BreakableEngine = Awaited<ReturnType<typeof openBreakableEngine>>
