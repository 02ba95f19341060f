import { isAppError } from '../../shared/errors'

/** A port that somebody else takes between its choice and the commit is rare twice in a row. */
const TRIES = 5

/** Chooses and commits again when a chosen port was gone by the time of the commit. Throws PORT_UNAVAILABLE in the end. */
export async function untilPortsHold<Result>(chooseAndCommit: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await chooseAndCommit()
    } catch (error) {
      if (!isAppError(error) || error.code !== 'PORT_UNAVAILABLE' || attempt === TRIES) throw error
    }
  }
}
