import { POLICY } from '../shared/domain/policy'
import type { NodeReport } from '../shared/protocol/agent'

/** What the envelope of a message takes beside its payload, with plenty to spare. */
const ENVELOPE_BYTES = 4 * 1024

/** Of a reason, when there is no room for more. */
const SHORT_REASON = 200

/** Bytes of a value in a message: as JSON, where a control character is six of them. */
export function messageBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}

/**
 * The report as it fits into one message, because the brain cuts a connection that brings a larger one: a node with hundreds of
 * crashed servers would never be heard again. What goes, oldest first: last lines (they can be read from the console), then the
 * ends of reasons.
 */
export function fitReport(report: NodeReport, limitBytes: number = POLICY.channel.messageBytes): NodeReport {
  let over = messageBytes(report) + ENVELOPE_BYTES - limitBytes
  if (over <= 0) return report
  const instances = report.instances.map(instance => ({ ...instance }))
  const oldestFirst = instances.toSorted((a, b) => a.seq - b.seq)
  for (const instance of oldestFirst) {
    if (over <= 0) break
    over -= messageBytes(instance.lastLines) - messageBytes([])
    instance.lastLines = []
  }
  for (const instance of oldestFirst) {
    if (over <= 0) break
    if (!instance.reason || instance.reason.message.length <= SHORT_REASON) continue
    const message = `${instance.reason.message.slice(0, SHORT_REASON)} …`
    over -= messageBytes(instance.reason.message) - messageBytes(message)
    instance.reason = { ...instance.reason, message }
  }
  return { ...report, instances }
}
