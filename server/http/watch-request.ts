import type { H3Event } from 'h3'
import type { Brain } from '../brain/create-brain'
import type { AuditFacts } from './audit-trail'

/**
 * Counts a request and writes its line in the log when it is over, however it ended. What changes something is always told; what only
 * reads, at level debug. Never the query, which may hold a signature, and never the body.
 */
export function watchRequest(brain: Brain, event: H3Event, facts: AuditFacts): void {
  const begun = performance.now()
  const { method } = event
  // The pattern and not the address: there are as many of these as there are routes.
  const route = event.context.matchedRoute?.path ?? 'unknown'
  event.node.res.once('close', () => {
    const seconds = (performance.now() - begun) / 1_000
    const status = event.node.res.statusCode
    brain.metrics.requests.observe({ method, route, status }, seconds)
    const { requestId, principal, subject } = facts
    const line = {
      requestId,
      method,
      route,
      subject: subject.id,
      status,
      ms: Math.round(seconds * 1_000),
      actor: principal ? `${principal.actor.kind}:${principal.actor.id ?? ''}` : null,
    }
    if (method === 'GET' || method === 'HEAD') brain.log.debug(line, 'Request')
    else brain.log.info(line, 'Request')
  })
}
