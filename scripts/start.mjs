import { once } from 'node:events'
import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { nitroSettings } from './brain-settings.mjs'
import { ensureInstalled } from './install.mjs'
import { agentEnvironment, brainEnvironment, localPaths } from './local-strata.mjs'
import { readLock, takeLock } from './lock.mjs'
import { AGENT_ENTRY, BRAIN_ENTRY, ROOT } from './paths.mjs'
import { endProcess, isAlive } from './process-identity.mjs'
import { runningServers } from './running-servers.mjs'
import { lastLines, supervise } from './supervised.mjs'
import { toolEnvironment } from './run-tool.mjs'

const HEALTHY_WITHIN_MS = 60_000
const STOP_GRACE_MS = 20_000

const say = (label, text) => console.log(`  ${label.padEnd(9)}${text}`)
const howItEnded = ({ code, signal }) => (signal ? `by ${signal}` : `with exit code ${code}`)

/** What a launcher that was killed left behind would hold the data folder: it is ended first. Servers are not touched. */
async function endLeftovers(record) {
  const left = [record?.brain, record?.agent].filter(isAlive)
  if (left.length === 0) return
  console.log('An earlier start was killed and left its brain or agent behind; ending them first …')
  for (const identity of left) await endProcess(identity, STOP_GRACE_MS)
}

/** Resolves to a sentence when the brain could not listen there, else to null. */
async function whyNotListen(host, port) {
  const server = createServer()
  server.listen({ host, port: Number(port), exclusive: true })
  try {
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return null
  } catch (error) {
    const next = 'Set STRATA_HOST or STRATA_PORT to another one and start again, for example: STRATA_PORT=3001 npm start'
    if (error.code === 'EADDRINUSE') return `Port ${port} on ${host} is taken by another program. ${next}`
    return `The brain cannot listen on ${host}, port ${port}: ${error.message}. ${next}`
  }
}

/** Resolves when the brain says that it is well, to false when `gaveUp` is aborted or it takes too long. */
async function isHealthy(url, gaveUp) {
  const signal = AbortSignal.any([gaveUp, AbortSignal.timeout(HEALTHY_WITHIN_MS)])
  while (!signal.aborted) {
    const answer = await fetch(new URL('/healthz', url), { signal }).catch(() => null) // not there yet
    if (answer?.ok) return true
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return false
}

/** The brain as this machine reaches it, whatever address it gives to others. */
function localUrl(listeningUrl) {
  const { NITRO_HOST: host, NITRO_PORT: port } = nitroSettings(process.env)
  const reached = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host)
  return `http://${reached}:${port === '0' ? new URL(listeningUrl).port : port}`
}

/** Says what became of the example, once per state that matters to somebody who waits for it. */
function exampleTeller() {
  let told
  return ({ name = 'example', state, address, runtime, runtimeWhy, message, error }) => {
    const reason = error ?? message ?? runtimeWhy
    const text = {
      RUNNING: `${name} runs at ${address ?? 'an address the panel shows'}, by the ${runtime} runtime${reason ? `: ${reason}` : ''}`,
      FAILED: `${name} failed: ${reason ?? 'the panel says why'}`,
    }[state]
    if (text && text !== told) say('Server', text)
    if (text) told = text
  }
}

export async function start() {
  const paths = localPaths()
  const { NITRO_HOST, NITRO_PORT } = nitroSettings(process.env)
  const before = readLock(paths.record)
  const lock = takeLock(paths.record)
  if (lock.holder) {
    const { url, pid } = lock.holder
    console.error(url ? `Strata runs already (process ${pid}): its panel is at ${url}` : `Process ${pid} is starting or stopping Strata in ${paths.dataDir}.`)
    return 1
  }
  try {
    await endLeftovers(before)
    const taken = await whyNotListen(NITRO_HOST, NITRO_PORT)
    if (taken) {
      console.error(taken)
      return 1
    }
    await ensureInstalled()
    await ensureBuilt()
    return await runUntilToldToEnd(paths, lock)
  } finally {
    lock.release()
  }
}

async function runUntilToldToEnd(paths, lock) {
  const logOf = name => join(paths.logsDir, `${name}.log`)
  const shown = file => relative(ROOT, file).startsWith('..') ? file : relative(ROOT, file)
  const over = Promise.withResolvers()
  const brainEnded = new AbortController()
  const listening = Promise.withResolvers()
  const localNode = Promise.withResolvers()
  const setup = Promise.withResolvers()
  const tellExample = exampleTeller()
  let greeted = false
  let pendingExample

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => over.resolve(0))

  const brain = supervise({
    args: [BRAIN_ENTRY],
    env: () => toolEnvironment(brainEnvironment()),
    logFile: logOf('brain'),
    onStart: identity => lock.update({ brain: identity }),
    onMessage(message) {
      if (message?.type === 'listening') listening.resolve(message.url)
      if (message?.type === 'setup') setup.resolve(message)
      if (message?.type === 'localNode') localNode.resolve(message.joinToken)
      if (message?.type !== 'example') return
      if (greeted) tellExample(message)
      else pendingExample = message
    },
    onEnd({ delayMs, ...end }) {
      if (!greeted) {
        console.error(`\nThe brain ended ${howItEnded(end)} while it started. The end of ${shown(logOf('brain'))}:\n\n${lastLines(logOf('brain'))}`)
        brainEnded.abort()
        over.resolve(1)
        return false
      }
      console.error(`The brain ended ${howItEnded(end)}; starting it again in ${delayMs / 1000} s. Servers go on. See ${shown(logOf('brain'))}`)
      return true
    },
  })
  let agent
  const stopAll = async () => {
    await agent?.stop(STOP_GRACE_MS)
    await brain.stop(STOP_GRACE_MS)
  }

  const url = await Promise.race([listening.promise, over.promise])
  if (typeof url !== 'string') {
    await stopAll()
    return url
  }
  const healthy = await Promise.race([isHealthy(localUrl(url), brainEnded.signal), over.promise])
  if (healthy !== true) {
    if (healthy === false && !brainEnded.signal.aborted)
      console.error(`The brain did not get well within ${HEALTHY_WITHIN_MS / 1000} s. See ${shown(logOf('brain'))}`)
    await stopAll()
    return typeof healthy === 'number' ? healthy : 1
  }
  lock.update({ url })
  const { url: setupUrl, adminUser } = await setup.promise

  const withNode = process.env.STRATA_LOCAL_NODE !== 'off'
  if (withNode) {
    const joinToken = await localNode.promise
    agent = supervise({
      args: [AGENT_ENTRY],
      env: () => toolEnvironment(agentEnvironment({ brainUrl: localUrl(url), joinToken })),
      logFile: logOf('agent'),
      onStart: identity => lock.update({ agent: identity }),
      onEnd({ delayMs, ...end }) {
        console.error(`The agent ended ${howItEnded(end)}; starting it again in ${delayMs / 1000} s. Servers go on. The end of ${shown(logOf('agent'))}:\n${lastLines(logOf('agent'), 5)}`)
        return true
      },
    })
  }

  console.log('\nStrata runs.\n')
  say('Panel', url)
  say('Sign in', setupUrl ? `make the first account here, once: ${setupUrl}` : `with your account${adminUser ? `, such as ${adminUser}` : ''}`)
  say('Logs', shown(paths.logsDir))
  if (withNode && process.env.STRATA_EXAMPLE !== 'off') say('Server', 'an example is on its way …')
  console.log('\n  Ctrl-C stops brain and agent, not the servers. `npm stop` ends those as well.\n')
  greeted = true
  if (pendingExample) tellExample(pendingExample)

  const code = await over.promise
  console.log('\nStopping brain and agent …')
  await stopAll()
  await sayWhatRuns(paths)
  return code
}

async function sayWhatRuns(paths) {
  const running = await runningServers(paths)
  if (running.length === 0) return console.log('Stopped. No server of the local node runs.')
  console.log(`Stopped. These servers go on: ${running.join(', ')}.\nThe next \`npm start\` finds them again; \`npm stop\` ends them.`)
}
