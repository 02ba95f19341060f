import { POLICY } from '../../shared/domain/policy'
import type { AgentToBrain } from '../../shared/protocol/agent'
import { messageBytes } from '../message-size'
import type { NumberedLine } from '../runtime/flood-gate'

type ConsoleMessage = AgentToBrain['instance.console']

/** A talkative server must not become a message per line: the brain cuts a node that sends thousands a second. */
const GATHER_MS = POLICY.console.floodWindowMs

/** Lines on their way to whoever watches one instance, gathered for a tenth of a second. */
export class ConsoleFeed {
  private readonly instanceId: string
  private readonly send: (message: ConsoleMessage) => void
  private waiting: { runId: string; line: NumberedLine }[] = []
  private timer: NodeJS.Timeout | null = null

  constructor(instanceId: string, send: (message: ConsoleMessage) => void) {
    this.instanceId = instanceId
    this.send = send
  }

  push(runId: string, lines: readonly NumberedLine[]): void {
    for (const line of lines) this.waiting.push({ runId, line })
    this.timer ??= setTimeout(() => this.flush(), GATHER_MS)
  }

  /** Sends what waits. Consecutive lines of a run go together; a gap in the numbers begins a new message. */
  flush(): void {
    this.forgetTimer()
    const { waiting } = this
    this.waiting = []
    for (const message of this.gather(waiting)) this.send(message)
  }

  /** Nobody watches any more. */
  clear(): void {
    this.forgetTimer()
    this.waiting = []
  }

  private gather(waiting: { runId: string; line: NumberedLine }[]): ConsoleMessage[] {
    const messages: ConsoleMessage[] = []
    let bytes = 0
    for (const { runId, line } of waiting) {
      const last = messages.at(-1)
      const follows = last?.runId === runId && line.number === last.from + last.lines.length
      if (
        last &&
        follows &&
        last.lines.length < POLICY.console.floodLines &&
        bytes < POLICY.channel.boundedAnswerBytes
      ) {
        last.lines.push(line.text)
      } else {
        messages.push({ instanceId: this.instanceId, runId, from: line.number, lines: [line.text] })
        bytes = 0
      }
      bytes += messageBytes(line.text)
    }
    return messages
  }

  private forgetTimer(): void {
    if (this.timer) clearTimeout(this.timer)
    this.timer = null
  }
}
