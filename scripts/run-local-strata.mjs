import { once } from 'node:events'
import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import { nitroSettings, speaksTls } from './brain-settings.mjs'
import { exampleTeller, greet, sayHowToSignIn } from './greeting.mjs'
import { agentEnvironment, brainEnvironment } from './local-strata.mjs'
import { AGENT_ENTRY, BRAIN_ENTRY, ROOT } from './paths.mjs'
import { toolEnvironment } from './run-tool.mjs'
import { runningServers } from './running-servers.mjs'
import { lastLines, supervise } from './supervised.mjs'

const READY_WITHIN_MS = 60_000
const STOP_GRACE_MS = 20_000

const withLocalNode = () => process.env.STRATA_LOCAL_NODE !== 'off'
const howItEnded = ({ code, signal }) => (signal ? `by ${signal}` : `with exit code ${code}`)
const shown = path => (relative(ROOT, path).startsWith('..') ? path : relative(ROOT, path))

/** The brain as this machine reaches it, whatever address it gives to others. */
function localUrl(listeningUrl) {
  const { NITRO_HOST: host, NITRO_PORT: port } = nitroSettings(process.env)
  if (speaksTls(process.env)) return `http://127.0.0.1:${port}`
  const reached = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host)
  return `http://${reached}:${port === '0' ? new URL(listeningUrl).port : port}`
}

/** A port of this machine that nobody listens on right now. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Resolves when the brain answers that it is well. */
async function untilHealthy(url, signal) {
  while (!signal.aborted) {
    const answer = await fetch(new URL('/healthz', url), { signal }).catch(() => null) // not there yet
    if (answer?.ok) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** Starts the brain. `ready` resolves to what it said once it is well, and rejects with a sentence when that does not come. */
function startBrain(lock, logFile, onExample) {
  const messages = {
    listening: Promise.withResolvers(),
    setup: Promise.withResolvers(),
    localNode: Promise.withResolvers(),
  }
  const failed = Promise.withResolvers()
  const givenUp = AbortSignal.timeout(READY_WITHIN_MS)
  let isReady = false
  givenUp.addEventListener('abort', () =>
    failed.reject(
      new Error(
        `The brain was not ready after ${READY_WITHIN_MS / 1000} s. The end of ${shown(logFile)}:\n\n${lastLines(logFile)}`,
      ),
    ),
  )
  const program = supervise({
    args: [BRAIN_ENTRY],
    env: () => toolEnvironment(brainEnvironment()),
    logFile,
    onStart: identity => lock.update({ brain: identity }),
    onMessage(message) {
      if (message?.type === 'example') onExample(message)
      else if (isReady && message?.type === 'setup')
        sayHowToSignIn(message) // a brain that came back gives a new link
      else messages[message?.type]?.resolve(message)
    },
    onEnd({ delayMs, ...end }) {
      if (isReady)
        console.error(
          `The brain ended ${howItEnded(end)}; starting it again in ${delayMs / 1000} s. Servers go on. See ${shown(logFile)}`,
        )
      else
        failed.reject(
          new Error(
            `The brain ended ${howItEnded(end)} while it started. The end of ${shown(logFile)}:\n\n${lastLines(logFile)}`,
          ),
        )
      return isReady
    },
  })
  const becomeReady = async () => {
    const { url } = await messages.listening.promise
    await untilHealthy(localUrl(url), givenUp)
    const setup = await messages.setup.promise
    const joinToken = withLocalNode() ? (await messages.localNode.promise).joinToken : null
    isReady = true
    return { url, setup, joinToken }
  }
  return { program, ready: Promise.race([becomeReady(), failed.promise]) }
}

function startAgent(lock, logFile, { url, joinToken }) {
  return supervise({
    args: [AGENT_ENTRY],
    env: () => toolEnvironment(agentEnvironment({ brainUrl: localUrl(url), joinToken })),
    logFile,
    onStart: identity => lock.update({ agent: identity }),
    onEnd({ delayMs, ...end }) {
      console.error(
        `The agent ended ${howItEnded(end)}; starting it again in ${delayMs / 1000} s. Servers go on. ` +
          `The end of ${shown(logFile)}:\n${lastLines(logFile, 5)}`,
      )
      return true
    },
  })
}

async function sayWhatGoesOn(paths) {
  const running = await runningServers(paths)
  if (running.length === 0) console.log('Stopped. No server of the local node runs.')
  else
    console.log(
      `Stopped. These servers go on: ${running.join(', ')}.\nThe next npm start finds them again; npm stop ends them.`,
    )
}

/** Runs brain and local node until a signal comes. Resolves to the exit code: 1 when the brain does not come up. */
export async function runLocalStrata(paths, lock) {
  const logOf = name => join(paths.logsDir, `${name}.log`)
  const withNode = withLocalNode()
  const told = Promise.withResolvers()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => told.resolve(null))

  // The way of the local node to a brain that speaks TLS to everybody else; the same one after the brain was started again.
  if (speaksTls(process.env)) process.env.STRATA_LOOPBACK_PORT ||= String(await freePort())

  const tell = exampleTeller()
  let lastExample = null
  let hasGreeted = false
  const onExample = message => {
    lastExample = message
    if (hasGreeted) tell(message)
  }

  const brain = startBrain(lock, logOf('brain'), onExample)
  let agent
  try {
    const ready = await Promise.race([brain.ready, told.promise])
    if (!ready) return 0
    lock.update({ url: ready.url })
    if (withNode) agent = startAgent(lock, logOf('agent'), ready)
    greet({
      ...ready,
      url: process.env.STRATA_PUBLIC_URL || ready.url,
      logs: shown(paths.logsDir),
      nodeDir: paths.nodeDir.startsWith(paths.dataDir) ? null : paths.nodeDir,
    })
    hasGreeted = true
    if (lastExample) tell(lastExample)
    await told.promise
    console.log('\nStopping brain and agent …')
  } catch (error) {
    console.error(`\n${error.message}`)
    return 1
  } finally {
    await agent?.stop(STOP_GRACE_MS)
    await brain.program.stop(STOP_GRACE_MS)
  }
  await sayWhatGoesOn(paths)
  return 0
}
