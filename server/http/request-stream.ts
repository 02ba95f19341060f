import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { AppError } from '../../shared/errors'
import { POLICY } from '../../shared/domain/policy'

/**
 * The body of a request as a stream that may be given up at any time without cutting the connection: destroying
 * the request itself would take away the client's chance to read why. It fails with BAD_REQUEST when the client
 * breaks off.
 */
export function bodyStream(request: IncomingMessage): Readable {
  const body = new Readable({
    read: () => void request.resume(),
    destroy(error, done) {
      request.off('data', push)
      done(error)
    },
  })
  function push(chunk: Buffer): void {
    if (!body.push(chunk)) request.pause()
  }
  const brokeOff = (cause?: Error) => {
    if (!request.complete)
      body.destroy(
        new AppError('BAD_REQUEST', 'The upload broke off before its end; nothing was kept. Send it again.', { cause }),
      )
  }
  request.on('data', push)
  request.once('end', () => body.push(null))
  request.once('error', brokeOff)
  request.once('close', () => brokeOff())
  request.pause()
  // It may have broken off while we looked who sends it.
  if (request.destroyed) brokeOff()
  return body
}

/**
 * Reads and forgets what a client still sends after its request was refused: a client that sends before it reads would
 * otherwise see a broken connection and not the refusal. `bounded` cuts it off after a while; `patient` only when
 * nothing comes any more, for uploads of people who are known: a browser shows the answer only once it has sent all.
 * Resolves when that is over.
 */
export async function drainRequest(request: IncomingMessage, manner: 'bounded' | 'patient'): Promise<void> {
  if (request.complete || request.destroyed) return
  let drained = 0
  const cut = () => request.destroy()
  const timer = setTimeout(cut, manner === 'bounded' ? POLICY.http.drainMs : POLICY.transfer.idleMs).unref()
  request.on('data', (chunk: Buffer) => {
    drained += chunk.length
    if (manner === 'patient') {
      timer.refresh()
    } else if (drained > POLICY.http.drainBytes) cut()
  })
  request.resume()
  await new Promise<void>(resolve => {
    request.once('end', resolve)
    request.once('close', resolve)
  })
  clearTimeout(timer)
}
