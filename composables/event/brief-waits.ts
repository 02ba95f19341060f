import type { InstanceEvent } from '../../shared/schemas/event'

/** Nobody would have called it waiting. */
const BRIEF_MS = 10_000

/**
 * Events without the waits that ended at once: a server that was created a moment before its node came would otherwise
 * begin its history with a complaint.
 */
export function withoutBriefWaits<Event extends Pick<InstanceEvent, 'instanceId' | 'cause' | 'at'>>(
  events: readonly Event[],
): Event[] {
  const isBrief = (wait: Event) =>
    events.some(
      ({ instanceId, cause, at }) =>
        cause === 'placed' && instanceId === wait.instanceId && at >= wait.at && at - wait.at < BRIEF_MS,
    )
  return events.filter(event => event.cause !== 'placement.waiting' || !isBrief(event))
}
