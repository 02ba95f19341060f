import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startFauxqs } from 'fauxqs'
import type { S3Place } from '../../server/store/s3-place'
import { findSignatureFault } from './sigv4-check'

/** What happens to a request instead of, or beside, a good answer. */
export type S3Fault =
  /** Takes the request and never says anything. */
  | 'hang'
  | { status: number }
  /** The body ends with the connection after so many bytes. */
  | { cutAfter: number }
  /** Right length, wrong bytes. */
  | 'other-bytes'
  /** The request is taken on only then. */
  | { until: Promise<void> }
  /** Bytes are held back for this long before each piece. */
  | { slowMs: number }

export interface S3Server {
  place: S3Place
  /** Asked for every request that is signed well; the path has no query. */
  fault: (request: { method: string; path: string; query: URLSearchParams }) => S3Fault | undefined
  /** What was asked, as `METHOD path`, since the start or the last time it was emptied. */
  requests: string[]
  /** The wall clock by which presigned addresses are judged. */
  now: () => number
  close(): Promise<void>
}

export const S3_CREDENTIALS = { accessKeyId: 'AKIASTRATATEST', secretAccessKey: 'a secret of the store' } as const

/** A real S3 server on loopback with one bucket, and before it a check of every signature, and whatever fault a test wants. */
export async function startS3Server(options: { storageDir?: string } = {}): Promise<S3Server> {
  const store = await startFauxqs({
    port: 0,
    host: '127.0.0.1',
    logger: false,
    ...(options.storageDir !== undefined && { s3StorageDir: options.storageDir }),
  })
  store.createBucket('strata-test')
  const front = createServer((request, response) => void answer(request, response))
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  const endpoint = new URL(`http://127.0.0.1:${(front.address() as AddressInfo).port}`)
  const server: S3Server = {
    place: {
      endpoint,
      publicEndpoint: null,
      region: 'us-east-1',
      bucket: 'strata-test',
      prefix: '',
      forcePathStyle: true,
      ...S3_CREDENTIALS,
    },
    fault: () => undefined,
    requests: [],
    now: Date.now,
    async close() {
      front.closeAllConnections()
      front.close()
      await store.stop()
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', endpoint)
    const method = request.method ?? ''
    server.requests.push(`${method} ${url.pathname}`)
    const refusal = findSignatureFault(request, S3_CREDENTIALS, server.now())
    if (refusal) return refuse(request, response, 403, refusal)
    const fault = server.fault({ method, path: url.pathname, query: url.searchParams })
    if (fault === 'hang') return void request.resume()
    if (typeof fault === 'object' && 'status' in fault) return refuse(request, response, fault.status, 'InternalError')
    if (typeof fault === 'object' && 'until' in fault) await fault.until
    const onward = httpRequest(
      { host: '127.0.0.1', port: store.port, method, path: request.url, headers: request.headers },
      result => {
        // As the S3 API does, and this server does not.
        const disposition = url.searchParams.get('response-content-disposition')
        if (disposition !== null) result.headers['content-disposition'] = disposition
        void pass(result, response, fault)
      },
    )
    onward.on('error', () => response.destroy())
    request.on('error', () => onward.destroy())
    request.pipe(onward)
  }
  return server
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number, code: string): void {
  request.resume()
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>Refused by the test</Message></Error>`
  response.writeHead(status, { 'content-type': 'application/xml' }).end(request.method === 'HEAD' ? undefined : body)
}

async function pass(from: IncomingMessage, to: ServerResponse, fault: S3Fault | undefined): Promise<void> {
  to.writeHead(from.statusCode ?? 500, from.headers)
  let passed = 0
  try {
    for await (const chunk of from) {
      let bytes = chunk as Buffer
      if (fault === 'other-bytes') bytes = Buffer.alloc(bytes.length, 7)
      if (typeof fault === 'object' && 'slowMs' in fault)
        await new Promise(resolve => setTimeout(resolve, fault.slowMs))
      if (typeof fault === 'object' && 'cutAfter' in fault && passed + bytes.length > fault.cutAfter) {
        to.write(bytes.subarray(0, fault.cutAfter - passed), () => to.destroy())
        return
      }
      passed += bytes.length
      if (!to.write(bytes)) await once(to, 'drain')
    }
    to.end()
  } catch {
    to.destroy()
  }
}
