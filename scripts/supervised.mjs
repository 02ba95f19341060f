import { spawn } from 'node:child_process'
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { dirname } from 'node:path'
import { ROOT } from './paths.mjs'
import { identify, isAlive } from './process-identity.mjs'

const LOG_LIMIT_BYTES = 10 * 1024 * 1024
const RESTART_MIN_MS = 1_000
const RESTART_MAX_MS = 30_000
/** A program that lived this long starts its count of quick deaths anew. */
const SETTLED_MS = 60_000

/**
 * Keeps one older log. The program has the file open for appending, so it goes on in the emptied one. A disk without room for
 * the copy gets the room of the log instead: a launcher must not end because of a log.
 */
export function trimLog(file, limitBytes = LOG_LIMIT_BYTES) {
  try {
    if (statSync(file).size < limitBytes) return
    try {
      copyFileSync(file, `${file}.1`)
    } catch {
      rmSync(`${file}.1`, { force: true })
    }
    truncateSync(file)
  } catch {
    // Gone, or not to be touched: the program goes on with it as it is.
  }
}

/** The end of a log, for telling why a program ended. */
export function lastLines(file, count = 15) {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
}

/**
 * A program that is started again when it ends by itself. It writes into a file and is the head of its own session:
 * Ctrl-C and the death of the launcher do not reach it.
 *
 * @typedef {{ pid: number, startedAs: string | null }} Identity
 * @param {object} program
 * @param {string[]} program.args for Node
 * @param {() => NodeJS.ProcessEnv} program.env asked at each start
 * @param {string} program.logFile
 * @param {(identity: Identity) => void} [program.onStart]
 * @param {(message: any) => void} [program.onMessage] opens Node's channel between parent and child
 * @param {(end: { code: number | null, signal: string | null, delayMs: number }) => boolean} program.onEnd told of each end
 *   nobody asked for; answers whether to start it again, which happens after `delayMs`
 */
export function supervise({ args, env, logFile, onMessage, onStart = () => {}, onEnd }) {
  let child
  let timer
  let stopping = false
  let delayMs = RESTART_MIN_MS
  mkdirSync(dirname(logFile), { recursive: true })

  const start = () => {
    const log = openSync(logFile, 'a', 0o600)
    trimLog(logFile)
    const startedAt = Date.now()
    child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: env(),
      detached: true,
      stdio: ['ignore', log, log, ...(onMessage ? ['ipc'] : [])],
    })
    closeSync(log)
    if (onMessage) child.on('message', onMessage)
    child.on('error', () => {}) // told by 'close' as well
    child.on('close', (code, signal) => {
      if (stopping) return
      if (Date.now() - startedAt > SETTLED_MS) delayMs = RESTART_MIN_MS
      if (!onEnd({ code, signal, delayMs })) return
      timer = setTimeout(start, delayMs)
      delayMs = Math.min(delayMs * 2, RESTART_MAX_MS)
    })
    onStart(identify(child.pid))
  }
  start()
  const trimming = setInterval(() => trimLog(logFile), 60_000)

  return {
    /** Asks it to end and waits; after `graceMs` it is killed. It is not started again. */
    async stop(graceMs) {
      stopping = true
      clearTimeout(timer)
      clearInterval(trimming)
      if (child.exitCode !== null || child.signalCode !== null || !isAlive(identify(child.pid))) return
      const ended = new Promise(resolve => child.once('close', resolve))
      const killing = setTimeout(() => child.kill('SIGKILL'), graceMs)
      child.kill('SIGTERM')
      await ended
      clearTimeout(killing)
    },
  }
}
