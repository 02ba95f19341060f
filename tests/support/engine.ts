import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile, rm, statfs } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { answers, DEFAULT_ENGINE } from './engine-api.ts'
import type { EngineAddress } from './engine-api.ts'
import { ensurePrograms, findProgram } from './packages.ts'
import { runCommand } from './run-command.ts'

const OVERLAYFS = 0x794c7630
const READY_WITHIN_MS = 60_000

export interface Engine {
  address: EngineAddress
  /** Ours alone: thrown away afterwards, so that it may hold images under names that are not theirs. */
  isPrivate: boolean
  stop: () => Promise<void>
}

/** The engine that answers on this machine (`DOCKER_HOST` first), or a private one, installed if need be. */
export async function provideEngine(scratch: string): Promise<Engine> {
  const given = process.env.DOCKER_HOST
  for (const address of given ? [given] : [DEFAULT_ENGINE])
    if (await answers(address)) return { address, isPrivate: false, stop: async () => {} }
  if (given) throw new Error(`DOCKER_HOST is ${given}, but no Docker answers there. Start it, or unset DOCKER_HOST.`)
  await ensurePrograms({
    dockerd: 'docker.io',
    containerd: 'containerd',
    runc: 'runc',
    ip: 'iproute2',
    iptables: 'iptables',
  })
  return startPrivateEngine(scratch)
}

/** Overlay mounts need an upper directory that is not itself on an overlay, as a container's root file system is. */
async function ensureMountable(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true })
  if ((await statfs(folder)).type !== OVERLAYFS) return async () => {}
  await runCommand('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'strata-tests', folder])
  return () => runCommand('umount', ['-l', folder]).then(() => {})
}

/** What an engine mounted below its folders and left there: the folder could not be removed otherwise. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map(line => line.split(' ')[1] ?? '')
  for (const mount of mounts.filter(path => path.startsWith(`${folder}/`)).toReversed())
    await runCommand('umount', ['-l', mount])
}

async function run(program: string, args: readonly string[], logFile: string): Promise<ChildProcess> {
  const path = await findProgram(program)
  if (!path) throw new Error(`${program} was installed but is not on the path.`)
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const log = createWriteStream(logFile)
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  await once(child, 'spawn')
  return child
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await exited
  clearTimeout(timer)
}

async function listens(socketPath: string): Promise<boolean> {
  const socket = connect(socketPath)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false // not yet
  } finally {
    socket.destroy()
  }
}

/** Fails at once, with the end of its log, when the program is no longer there. */
async function waitFor(child: ChildProcess, logFile: string, isReady: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS
  while (!(await isReady())) {
    if (child.exitCode !== null || Date.now() > until)
      throw new Error(`${child.spawnfile} did not get ready:\n${(await readFile(logFile, 'utf8')).slice(-3_000)}`)
    await delay(100)
  }
}

/**
 * Containerd and dockerd of our own, on sockets and folders below `scratch`, with a bridge of their own: nothing of an
 * engine that may be installed is touched. Ports are published by docker's proxy; the machine's firewall stays as it is.
 */
export async function startPrivateEngine(scratch: string): Promise<Engine> {
  const home = join(scratch, 'engine')
  const unmount = await ensureMountable(home)
  const bridge = `strata${process.pid.toString(36)}`
  const undo: (() => Promise<unknown>)[] = [
    () => rm(home, { recursive: true, force: true }),
    unmount,
    () => unmountBelow(home),
  ]
  const stop = async () => {
    while (undo.length > 0) await undo.pop()?.()
  }
  try {
    undo.push(() => runCommand('ip', ['link', 'delete', bridge]))
    await runCommand('ip', ['link', 'add', bridge, 'type', 'bridge'])
    await runCommand('ip', [
      'address',
      'add',
      `10.${200 + (process.pid % 50)}.${(process.pid >> 6) % 256}.1/24`,
      'dev',
      bridge,
    ])
    await runCommand('ip', ['link', 'set', bridge, 'up'])

    const containerdSocket = join(home, 'containerd.sock')
    const containerdLog = join(home, 'containerd.log')
    const containerdFolders = ['--root', join(home, 'containerd'), '--state', join(home, 'run', 'containerd')]
    const containerd = await run('containerd', [...containerdFolders, '--address', containerdSocket], containerdLog)
    undo.push(() => end(containerd))
    await waitFor(containerd, containerdLog, () => listens(containerdSocket))

    const address = `unix://${join(home, 'docker.sock')}`
    const dockerdLog = join(home, 'dockerd.log')
    const dockerd = await run(
      'dockerd',
      [
        ...['--containerd', containerdSocket, '--host', address, '--pidfile', join(home, 'dockerd.pid')],
        ...['--data-root', join(home, 'data'), '--exec-root', join(home, 'run', 'docker')],
        ...['--bridge', bridge, '--iptables=false', '--ip6tables=false'],
      ],
      dockerdLog,
    )
    undo.push(() => end(dockerd))
    await waitFor(dockerd, dockerdLog, () => answers(address))
    return { address, isPrivate: true, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
