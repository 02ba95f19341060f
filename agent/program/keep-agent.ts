import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'
import { programFiles, sha256OfFile, writeFailure } from './program-files'

/** The exit code by which an agent asks its keeper to go on with the next program. `EX_TEMPFAIL` of sysexits(3). */
export const UPDATE_EXIT = 75

/** What an agent says to its keeper: it supervises its servers again, and the brain has its report. */
export const READY = 'ready'

/** Enough to tell why a program ended. */
const TAIL_CHARS = 1_500

const WORDS_WITHIN_MS = 1_000

interface KeeperContext {
  /** Where the agent's files lie. */
  folder: string
  /** For the next program to come up, before the one that ran takes over again. */
  readyWithinMs: number
  say: (line: string) => void
}

interface Life {
  ready: Promise<'ready'>
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  kill: (signal: NodeJS.Signals) => void
  lastWords: () => string
}

/**
 * Runs the agent as a child of this process, and goes on with a newer program when the agent has put one in place. One that does
 * not come up is thrown away and the one before runs again. Servers are never touched: they outlive every agent.
 *
 * `ended` resolves to the exit code of the agent, once it ends for another reason than an update: being started again is the matter of
 * whoever started the keeper.
 */
export function keepAgent({ folder, readyWithinMs, say }: KeeperContext) {
  const files = programFiles(folder)
  let life: Life | undefined
  let isStopping = false

  async function live(): Promise<number> {
    for (;;) {
      const isTrial = existsSync(files.next)
      life = start(isTrial ? files.next : files.current, folder)
      const isKept = isTrial ? await judge(life) : true
      const { code } = await life.ended
      if (isStopping) return code ?? 0
      if (isKept && code !== UPDATE_EXIT) return code ?? 1
    }
  }

  /** True when the next program has become the current one, false when it was taken back. */
  async function judge(trial: Life): Promise<boolean> {
    const late = Promise.withResolvers<'late'>()
    const timer = setTimeout(() => late.resolve('late'), readyWithinMs)
    const outcome = await Promise.race([trial.ready, trial.ended, late.promise])
    clearTimeout(timer)
    if (isStopping) return true
    if (outcome === 'ready') {
      if (existsSync(files.current)) copyFileSync(files.current, files.previous)
      renameSync(files.next, files.current)
      writeFailure(folder, null)
      say('The newer agent has come up and is the one of this node now.')
      return true
    }
    const what =
      outcome === 'late'
        ? `it was not ready after ${readyWithinMs / 1_000} s, or did not reach the brain`
        : `it ended ${outcome.signal ? `by ${outcome.signal}` : `with exit code ${outcome.code}`}`
    const words = trial.lastWords()
    const message = `The newer agent did not come up: ${what}.${words ? ` It said: ${words}` : ''}`
    say(`${message} The one before runs again.`)
    trial.kill('SIGKILL')
    await trial.ended
    writeFailure(folder, { sha256: sha256OfFile(files.next), message })
    rmSync(files.next, { force: true })
    return false
  }

  return {
    ended: live(),
    /** Asks the agent to end, which is then the keeper's end; the second time at once. */
    stop() {
      isStopping = true
      life?.kill('SIGTERM')
    },
  }
}

/** In a session of its own: Ctrl-C reaches the keeper alone, and the agent through it, once. */
function start(program: string, folder: string): Life {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, STRATA_KEEPER: folder },
    stdio: ['inherit', 'inherit', 'pipe', 'ipc'],
    detached: true,
  })
  let tail = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    process.stderr.write(chunk)
    tail = (tail + chunk.toString()).slice(-TAIL_CHARS)
  })
  const ready = new Promise<'ready'>(resolve => child.on('message', message => message === READY && resolve('ready')))
  const ended = new Promise<Awaited<Life['ended']>>(resolve => {
    child.on('close', (code, signal) => resolve({ code, signal }))
    // Its last words are waited for, but not whoever else may hold the pipe.
    child.on('exit', (code, signal) => setTimeout(resolve, WORDS_WITHIN_MS, { code, signal }))
    child.on('error', () => {}) // told by 'close' as well
  })
  return { ready, ended, kill: signal => child.kill(signal), lastWords: () => tail.trim() }
}
