import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { programFiles, sha256OfFile, writeFailure } from './program-files'

/** The exit code by which an agent asks its keeper to go on with the next program. `EX_TEMPFAIL` of sysexits(3). */
export const UPDATE_EXIT = 75

/** What an agent says to its keeper: it has read its record and holds its servers. */
export const SUPERVISING = 'supervising'

/** The brain has its report as well: it has come up. */
export const READY = 'ready'

/** Enough to tell why a program ended. */
const TAIL_CHARS = 1_500

const WORDS_WITHIN_MS = 1_000

interface KeeperContext {
  /** Where the agent's files lie. */
  folder: string
  /**
   * For the next program to hold its servers, and again to reach the brain, of which only the time counts in which the brain is there.
   * Then the one that ran takes over again.
   */
  readyWithinMs: number
  /** How often it is looked whether a brain that has not heard of the next program is there at all. */
  lookEveryMs: number
  /** Whether the brain is there, as this keeper sees it, which runs the program from before. Never rejects. */
  isBrainThere: () => Promise<boolean>
  say: (line: string) => void
}

interface Life {
  isSupervising: () => boolean
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
export function keepAgent({ folder, readyWithinMs, lookEveryMs, isBrainThere, say }: KeeperContext) {
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

  /**
   * What becomes of the next program: a good one is not to blame for a brain that is away just then, and is waited with. `unheard`: it
   * holds its servers, but the brain was there all the time and heard nothing of it.
   */
  async function outcomeOf(trial: Life) {
    let since = performance.now()
    for (;;) {
      const look = new AbortController()
      const later = delay(Math.min(lookEveryMs, readyWithinMs), 'later' as const, { signal: look.signal })
      later.catch(() => {}) // it was decided before
      const outcome = await Promise.race([trial.ready, trial.ended, later])
      look.abort()
      if (outcome !== 'later') return outcome
      if (trial.isSupervising() && !(await isBrainThere())) since = performance.now()
      else if (performance.now() - since >= readyWithinMs) return trial.isSupervising() ? 'unheard' : 'hanging'
    }
  }

  /** True when the next program has become the current one, false when it was taken back. */
  async function judge(trial: Life): Promise<boolean> {
    const outcome = await outcomeOf(trial)
    if (isStopping) return true
    if (outcome === 'ready') {
      if (existsSync(files.current)) copyFileSync(files.current, files.previous)
      renameSync(files.next, files.current)
      writeFailure(folder, null)
      say('The newer agent has come up and is the one of this node now.')
      return true
    }
    const seconds = readyWithinMs / 1_000
    const what =
      outcome === 'hanging'
        ? `it did not hold its servers after ${seconds} s`
        : outcome === 'unheard'
          ? `the brain was there for ${seconds} s and heard nothing of it`
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
  let isSupervising = false
  const ready = new Promise<'ready'>(resolve =>
    child.on('message', message => {
      isSupervising ||= message === SUPERVISING || message === READY
      if (message === READY) resolve('ready')
    }),
  )
  const ended = new Promise<Awaited<Life['ended']>>(resolve => {
    child.on('close', (code, signal) => resolve({ code, signal }))
    // Its last words are waited for, but not whoever else may hold the pipe.
    child.on('exit', (code, signal) => setTimeout(resolve, WORDS_WITHIN_MS, { code, signal }))
    child.on('error', () => {}) // told by 'close' as well
  })
  return {
    isSupervising: () => isSupervising,
    ready,
    ended,
    kill: signal => child.kill(signal),
    lastWords: () => tail.trim(),
  }
}
