import { SYSTEM } from '../domain/instance-change'
import type { AgentEvents, AuditPort, Clock } from '../ports'

type Refusal = Parameters<AgentEvents['refused']>[0]

const WINDOW_MS = 60_000

/**
 * Writes refused handshakes and messages to the audit log, at most once a minute for each node and code: whoever is
 * refused a thousand times a second must not fill the disk. All who are not known count as one.
 */
export function createRefusalLog(deps: {
  audit: AuditPort
  clock: Pick<Clock, 'monotonic'>
}): (refusal: Refusal) => Promise<void> {
  const { audit, clock } = deps
  const windows = new Map<string, { since: number; unwritten: number }>()

  return async ({ nodeId, address, code, message }) => {
    const key = `${nodeId ?? 'unknown'} ${code}`
    const now = clock.monotonic()
    const window = windows.get(key)
    if (window && now - window.since < WINDOW_MS) {
      window.unwritten++
      return
    }
    windows.set(key, { since: now, unwritten: 0 })
    await audit.record({
      actor: SYSTEM,
      action: 'node.refused',
      subject: { kind: 'node', id: nodeId },
      outcome: 'refused',
      requestId: null,
      address,
      detail: { code, message, unwrittenBefore: window?.unwritten ?? 0 },
    })
  }
}
