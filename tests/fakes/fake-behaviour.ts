import type { ErrorCode } from '../../shared/errors'

/** How a fake agent behaves; may be changed while it runs. Times in milliseconds. */
export interface FakeBehaviour {
  /** How long preparing, starting, stopping and destroying take, each. */
  stepMs: number
  /** Every answer comes this much later. */
  slowMs: number
  /** The connection stands, but nothing is answered, reported or beaten any more. */
  isSilent: boolean
  /** Every lifecycle command is refused with this code. */
  refuse: ErrorCode | null
  /** Preparing ends FAILED with this code. */
  failPrepare: ErrorCode | null
  /** Every server crashes this long after it was ready. */
  crashAfterMs: number | null
  exitCode: number
  /** Between a crash and the next start. */
  restartDelayMs: number
  /** While watched: a console line this often. */
  consoleEveryMs: number
  /** While watched: a sample this often. */
  statsEveryMs: number
  /** Asks for the address of every layer before it pretends to fetch it. */
  asksForLayers: boolean
}

export const NORMAL: FakeBehaviour = {
  stepMs: 50,
  slowMs: 0,
  isSilent: false,
  refuse: null,
  failPrepare: null,
  crashAfterMs: null,
  exitCode: 1,
  restartDelayMs: 200,
  consoleEveryMs: 1_000,
  statsEveryMs: 1_000,
  asksForLayers: true,
}
