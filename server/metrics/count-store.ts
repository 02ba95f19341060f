import { PassThrough } from 'node:stream'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream'
import type { ObjectStore } from '../ports'
import type { BrainMetrics } from './brain-metrics'

/** Any object store, counted: requests by how they ended, and bytes that went through the brain. */
export function countStore(
  store: ObjectStore,
  metrics: Pick<BrainMetrics, 'storeRequests' | 'storeReadBytes' | 'storeWrittenBytes'>,
): ObjectStore {
  const { driver } = store

  async function counted<Answer>(operation: string, request: () => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await request()
      metrics.storeRequests.inc({ driver, operation, outcome: 'done' })
      return answer
    } catch (error) {
      metrics.storeRequests.inc({ driver, operation, outcome: 'failed' })
      throw error
    }
  }

  return {
    driver,
    putStream: (source, finish) =>
      counted('put', async () => {
        const written = await store.putStream(source, finish)
        metrics.storeWrittenBytes.inc({ driver }, written.sizeBytes)
        return written
      }),
    get: (key, range) =>
      counted('get', async () =>
        countBytes(await store.get(key, range), bytes => metrics.storeReadBytes.inc({ driver }, bytes)),
      ),
    stat: key => counted('stat', () => store.stat(key)),
    remove: key => counted('remove', () => store.remove(key)),
    async *list(prefix) {
      let outcome = 'failed'
      try {
        yield* store.list(prefix)
        outcome = 'done'
      } finally {
        metrics.storeRequests.inc({ driver, operation: 'list', outcome })
      }
    },
    signedUrl: (key, options) => counted('sign', () => store.signedUrl(key, options)),
  }
}

/** Ends and fails with its source, and the source with it. */
function countBytes(source: Readable, count: (bytes: number) => void): Readable {
  const counter = new PassThrough()
  counter.on('data', (chunk: Buffer) => count(chunk.length))
  counter.pause()
  return pipeline(source, counter, () => {})
}
