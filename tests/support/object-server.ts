import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { isAppError } from '../../shared/errors'
import type { ObjectStore } from '../../server/ports'
import { answerObjectRequest } from '../../server/store/serve-object'
import { signedQuery, verifySignedRequest } from '../../server/store/signed-url'

/** Serves the signed addresses of a store over HTTP by the same functions as the brain's route, without the brain. */
export async function serveObjects(
  store: ObjectStore,
  urlSecret: Buffer,
  now: () => number,
): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '/', 'http://objects')
      if (request.method !== 'GET' && request.method !== 'HEAD') return response.writeHead(405).end()
      try {
        const key = url.pathname.replace(/^\/objects\//, '')
        const { fileName } = verifySignedRequest(
          urlSecret,
          { key, query: signedQuery.parse(Object.fromEntries(url.searchParams)) },
          now(),
        )
        const { range, 'if-range': ifRange } = request.headers
        const answer = await answerObjectRequest(store, {
          method: request.method,
          key,
          fileName,
          range,
          ifRange: ifRange as string | undefined,
        })
        response.writeHead(answer.status, answer.headers)
        if (answer.body) await pipeline(answer.body, response)
        else response.end()
      } catch (error) {
        // A client that had enough and left, as they may.
        if (response.destroyed) return
        if (!isAppError(error)) throw error
        response.writeHead(error.status).end(error.detail)
      }
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
