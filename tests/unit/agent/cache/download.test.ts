import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { download } from '../../../../agent/cache/download'
import { AppError } from '../../../../shared/errors'

const BODY = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251))
const closers: (() => void)[] = []
afterEach(() => closers.splice(0).forEach(close => close()))

async function serve(answer: (request: IncomingMessage, response: ServerResponse, call: number) => void) {
  let calls = 0
  const server = createServer((request, response) => answer(request, response, ++calls))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/blob`
  return { layerUrl: async () => ({ url, sizeBytes: BODY.length }), calls: () => calls }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

const options = { sizeBytes: BODY.length, signal: new AbortController().signal, backoffMs: 1, attempts: 3 }
const rangeStart = (request: IncomingMessage) => Number(/bytes=(\d+)-/.exec(request.headers.range ?? 'bytes=0-')?.[1])

describe('download', () => {
  it('goes on by range where a connection broke', async () => {
    const ranges: (string | undefined)[] = []
    const { layerUrl } = await serve((request, response, call) => {
      ranges.push(request.headers.range)
      const start = rangeStart(request)
      if (start > 0)
        response.writeHead(206, {
          'content-range': `bytes ${start}-${BODY.length - 1}/${BODY.length}`,
          'content-length': BODY.length - start,
        })
      else response.writeHead(200, { 'content-length': BODY.length })
      const rest = BODY.subarray(start)
      if (call < 3) response.write(rest.subarray(0, 30_000), () => response.destroy())
      else response.end(rest)
    })
    expect((await collect(download(layerUrl, options))).equals(BODY)).toBe(true)
    expect(ranges[0]).toBeUndefined()
    expect(ranges.slice(1)).toEqual(['bytes=30000-', 'bytes=60000-'])
  })

  it('skips what it has when the store ignores the range', async () => {
    const { layerUrl } = await serve((_, response, call) => {
      response.writeHead(200, { 'content-length': BODY.length })
      if (call === 1) response.write(BODY.subarray(0, 40_000), () => response.destroy())
      else response.end(BODY)
    })
    expect((await collect(download(layerUrl, options))).equals(BODY)).toBe(true)
  })

  it('asks for a fresh address after a refusal', async () => {
    const { layerUrl, calls } = await serve((_, response, call) => {
      if (call === 1) response.writeHead(403).end()
      else response.end(BODY)
    })
    let asked = 0
    const bytes = await collect(
      download(() => {
        asked += 1
        return layerUrl()
      }, options),
    )
    expect(bytes.equals(BODY)).toBe(true)
    expect([asked, calls()]).toEqual([2, 2])
  })

  it('gives up with DOWNLOAD_FAILED when tries bring nothing', async () => {
    const { layerUrl, calls } = await serve((_, response) => {
      response.writeHead(500).end()
    })
    await expect(collect(download(layerUrl, options))).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' })
    expect(calls()).toBe(3)
  })

  it('says why there was no address', async () => {
    const gone = () => Promise.reject(new AppError('NOT_FOUND', 'The store does not hold it. Publish it again.'))
    await expect(collect(download(gone, options))).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      detail: expect.stringContaining('after 3 tries: The store does not hold it. Publish it again. The node'),
    })
  })

  it('ends at once with an object that is shorter than it should be: whoever compares sees it', async () => {
    const half = BODY.subarray(0, 50_000)
    const { layerUrl, calls } = await serve((request, response) => {
      if (rangeStart(request) === 0) response.writeHead(200, { 'content-length': half.length }).end(half)
      else response.writeHead(416, { 'content-range': `bytes */${half.length}` }).end()
    })
    expect((await collect(download(layerUrl, options))).equals(half)).toBe(true)
    expect(calls()).toBe(2)
  })

  it('cuts a connection that says nothing and tries again', async () => {
    const { layerUrl } = await serve((request, response, call) => {
      if (call === 1) {
        response.writeHead(200, { 'content-length': BODY.length })
        response.write(BODY.subarray(0, 10))
      } else {
        const start = rangeStart(request)
        response
          .writeHead(206, { 'content-range': `bytes ${start}-${BODY.length - 1}/${BODY.length}` })
          .end(BODY.subarray(start))
      }
    })
    expect((await collect(download(layerUrl, { ...options, stallMs: 100 }))).equals(BODY)).toBe(true)
  })

  it('does not take a slow reader for a silent store', async () => {
    const { layerUrl, calls } = await serve((_, response) => {
      response.end(BODY)
    })
    const parts: Uint8Array[] = []
    for await (const chunk of download(layerUrl, { ...options, stallMs: 50 })) {
      parts.push(chunk)
      const until = performance.now() + 80
      await new Promise<void>(resolve => {
        const poll = () => (performance.now() >= until ? resolve() : setImmediate(poll))
        poll()
      })
    }
    expect(Buffer.concat(parts).equals(BODY)).toBe(true)
    expect(calls()).toBe(1)
  })

  it('stops when it is told to', async () => {
    const { layerUrl } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': BODY.length })
      response.write(BODY.subarray(0, 10))
    })
    const controller = new AbortController()
    const chunks = download(layerUrl, { ...options, signal: controller.signal })
    await chunks.next()
    const next = chunks.next()
    controller.abort(new Error('enough'))
    await expect(next).rejects.toThrow('enough')
  })
})
