import { setTimeout as delay } from 'node:timers/promises'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3'
import { POLICY } from '../../shared/domain/policy'

export interface ReadRequest {
  bucket: string
  key: string
  start: number
  /** Included; left out: to the end. */
  end: number | undefined
}

/** The first answer, so that a key that is not there is known before anybody reads. Throws what the client throws. */
export function beginReading(client: S3Client, { bucket, key, start, end }: ReadRequest) {
  const isWhole = start === 0 && end === undefined
  return client.send(
    new GetObjectCommand({ Bucket: bucket, Key: key, ...(isWhole ? {} : { Range: `bytes=${start}-${end ?? ''}` }) }),
  )
}

/**
 * The bytes of an answer exactly once and in order, however often the connection breaks: it goes on by range, of the same
 * object alone. Throws what was thrown last after `attempts` tries in a row that brought nothing.
 */
export async function* readOn(
  client: S3Client,
  request: ReadRequest,
  first: GetObjectCommandOutput,
  attempts: number,
): AsyncGenerator<Uint8Array> {
  const last = request.start + (first.ContentLength ?? 0) - 1
  let offset = request.start
  let failures = 0
  let answer = first
  while (true) {
    try {
      for await (const chunk of bodyOf(answer)) {
        failures = 0
        offset += chunk.byteLength
        yield chunk
      }
      if (offset > last) return
      throw new Error(`the connection ended ${last + 1 - offset} bytes too early`)
    } catch (error) {
      failures += 1
      if (failures >= attempts) throw error
      await delay(POLICY.store.retryMs * 2 ** (failures - 1))
      answer = await client.send(
        new GetObjectCommand({
          Bucket: request.bucket,
          Key: request.key,
          Range: `bytes=${offset}-${last}`,
          IfMatch: first.ETag,
        }),
      )
    }
  }
}

function bodyOf(answer: GetObjectCommandOutput): AsyncIterable<Uint8Array> {
  if (!answer.Body) throw new Error('the answer has no body')
  return answer.Body as AsyncIterable<Uint8Array> & typeof answer.Body
}
