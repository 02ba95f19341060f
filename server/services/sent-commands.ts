import type { SentCommand } from '../domain/decide/actions'
import type { Clock } from '../ports'

/** What was tried last for each instance. In memory: after a restart everything may be said again, because commands are idempotent. */
export interface SentCommands {
  note(instanceId: string, command: Omit<SentCommand, 'sinceMs'>): void
  of(instanceId: string): SentCommand | null
  notePlaceTried(instanceId: string): void
  placeTriedMsAgo(instanceId: string): number | null
  /** What did not fit anywhere may fit now. */
  forgetPlacesTried(): void
  forget(instanceId: string): void
}

export function createSentCommands(clock: Pick<Clock, 'monotonic'>): SentCommands {
  const commands = new Map<string, Omit<SentCommand, 'sinceMs'> & { at: number }>()
  const places = new Map<string, number>()
  return {
    note: (id, command) => void commands.set(id, { ...command, at: clock.monotonic() }),
    of(id) {
      const command = commands.get(id)
      if (!command) return null
      const { at, ...rest } = command
      return { ...rest, sinceMs: clock.monotonic() - at }
    },
    notePlaceTried: id => void places.set(id, clock.monotonic()),
    placeTriedMsAgo(id) {
      const at = places.get(id)
      return at === undefined ? null : clock.monotonic() - at
    },
    forgetPlacesTried: () => places.clear(),
    forget(id) {
      commands.delete(id)
      places.delete(id)
    },
  }
}
