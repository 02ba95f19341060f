import { writeSync } from 'node:fs'

/** Lines wait in memory while they cannot be written; beyond this they are lost, and counted. */
const WAITING_BYTES = 1024 ** 2
/** A reader of a pipe that is slow. */
const AGAIN_MS = 50

/**
 * Writes lines to an open file at once, so that the last words of a program that dies are there. A full disk or a reader that is gone
 * never throws: what waits is written with a later line, and what was lost is said then. Chosen over pino's own destination, which gives
 * up for good once its buffer was full.
 */
export class LineWriter {
  private fd: number
  private waiting: Buffer[] = []
  private waitingBytes = 0
  private lost = 0
  private timer: NodeJS.Timeout | undefined

  constructor(fd: number) {
    this.fd = fd
  }

  write(line: string): void {
    this.flush()
    const bytes = Buffer.from(line)
    if (this.waitingBytes + bytes.length > WAITING_BYTES) {
      this.lost++
      return
    }
    this.push(bytes)
    this.flush()
  }

  /** True when nothing waits any more; tries once more first. */
  hasWritten(): boolean {
    this.flush()
    return this.waiting.length === 0
  }

  /** When nothing waits. */
  moveTo(fd: number): void {
    this.fd = fd
  }

  private push(bytes: Buffer): void {
    this.waiting.push(bytes)
    this.waitingBytes += bytes.length
  }

  private flush(): void {
    try {
      for (let next = this.waiting[0]; next; next = this.waiting[0]) {
        const written = writeSync(this.fd, next)
        this.waitingBytes -= written
        // A disk that became full in the middle of a line: its rest follows.
        if (written < next.length) this.waiting[0] = next.subarray(written)
        else this.waiting.shift()
        if (this.lost > 0 && this.waiting.length === 0) this.tellLoss()
      }
    } catch (error) {
      const isSlow = error instanceof Error && 'code' in error && error.code === 'EAGAIN'
      if (isSlow) this.timer ??= setTimeout(() => this.again(), AGAIN_MS).unref()
    }
  }

  private again(): void {
    this.timer = undefined
    this.flush()
  }

  private tellLoss(): void {
    const facts = { level: 40, time: new Date().toISOString(), lines: this.lost }
    this.lost = 0
    this.push(
      Buffer.from(`${JSON.stringify({ ...facts, msg: 'Lines of this log were lost: they could not be written' })}\n`),
    )
  }
}
