import type { IncomingMessage } from 'node:http'
import { AppError } from '../../shared/errors'
import { POLICY } from '../../shared/domain/policy'

/**
 * The JSON body of a request; undefined for none. At most POLICY.http.bodyBytes are ever held.
 * Throws PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, BAD_REQUEST.
 */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const { headers } = request
  if (Number(headers['content-length'] ?? 0) > POLICY.http.bodyBytes) throw tooLarge()
  const bytes = await readBytes(request)
  if (bytes.length === 0) return undefined
  if (!/^application\/(?:[\w.-]+\+)?json *(?:;|$)/i.test(headers['content-type'] ?? '')) {
    throw new AppError(
      'UNSUPPORTED_MEDIA_TYPE',
      `The body is "${headers['content-type'] ?? 'of no stated type'}"; this address takes application/json.`,
    )
  }
  if (headers['content-encoding'] && headers['content-encoding'] !== 'identity') {
    throw new AppError(
      'UNSUPPORTED_MEDIA_TYPE',
      `The body is compressed (${headers['content-encoding']}); send it plain.`,
    )
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes), refusePrototype)
  } catch (error) {
    throw new AppError(
      'BAD_REQUEST',
      `The body is not JSON: ${error instanceof Error ? error.message : 'it cannot be read'}.`,
      { cause: error },
    )
  }
}

/** No field of ours is called so, and checks of a schema pass it over in silence. */
function refusePrototype(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new Error('no field can be called __proto__')
  return value
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= POLICY.http.bodyBytes) chunks.push(chunk)
      else {
        // The rest is thrown away as it comes, so that the client reads our answer; see drainRequest.
        chunks.length = 0
        reject(tooLarge())
      }
    })
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('error', error => reject(new AppError('BAD_REQUEST', 'The body broke off.', { cause: error })))
    request.once('close', () => reject(new AppError('BAD_REQUEST', 'The body broke off.')))
    if (request.destroyed) reject(new AppError('BAD_REQUEST', 'The body broke off.'))
  })
}

function tooLarge(): AppError {
  return new AppError(
    'PAYLOAD_TOO_LARGE',
    `The body is larger than ${POLICY.http.bodyBytes} bytes, the most this address takes.`,
  )
}
