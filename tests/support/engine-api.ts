import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'

/** Where a Docker Engine listens: `unix:///path` or `tcp://host:port`, as in `DOCKER_HOST`. */
export type EngineAddress = string

export const DEFAULT_ENGINE: EngineAddress = 'unix:///var/run/docker.sock'

interface EngineCall {
  method?: 'GET' | 'POST' | 'DELETE'
  path: string
  body?: Readable
  timeoutMs?: number
}

function target(address: EngineAddress) {
  if (address.startsWith('unix://')) return { socketPath: address.slice('unix://'.length) }
  const url = new URL(address.replace(/^tcp:/, 'http:'))
  return { host: url.hostname, port: Number(url.port || 2375) }
}

async function readAll(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string
  return text
}

/**
 * One call to the Engine's HTTP API without its command line, which a machine with a socket need not have.
 * Rejects when nobody answers; an answer of any status resolves.
 */
export function callEngine(
  address: EngineAddress,
  { method = 'GET', path, body, timeoutMs = 10_000 }: EngineCall,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = body ? { 'Content-Type': 'application/x-tar' } : {}
    const call = request({ ...target(address), method, path, headers, timeout: timeoutMs }, response => {
      readAll(response).then(text => {
        resolve({ status: response.statusCode ?? 0, text })
      }, reject)
    })
    call.on('timeout', () =>
      call.destroy(new Error(`The engine at ${address} did not answer ${path} in ${timeoutMs} ms`)),
    )
    call.on('error', reject)
    if (body) body.on('error', error => call.destroy(error)).pipe(call)
    else call.end()
  })
}

/** True when an engine answers its ping at the address. */
export async function answers(address: EngineAddress): Promise<boolean> {
  try {
    return (await callEngine(address, { path: '/_ping', timeoutMs: 5_000 })).status === 200
  } catch {
    return false // nobody there is an answer here, not a fault
  }
}

export async function hasImage(address: EngineAddress, reference: string): Promise<boolean> {
  const { status } = await callEngine(address, { path: `/images/${encodeURIComponent(reference)}/json` })
  return status === 200
}

interface ImageImport {
  repository: string
  tag: string
  /** Dockerfile instructions, such as `CMD ["sh"]`. */
  changes: readonly string[]
  tarball: Readable
}

/** Makes an image of one layer from a tar stream. */
export async function importImage(address: EngineAddress, image: ImageImport): Promise<void> {
  const query = new URLSearchParams({ fromSrc: '-', repo: image.repository, tag: image.tag })
  for (const change of image.changes) query.append('changes', change)
  const { status, text } = await callEngine(address, {
    method: 'POST',
    path: `/images/create?${query}`,
    body: image.tarball,
    timeoutMs: 300_000,
  })
  // The engine answers 200 and tells of a failure in the stream.
  if (status !== 200 || text.includes('"error"'))
    throw new Error(`The engine did not take the image ${image.repository}:${image.tag}: ${status} ${text.slice(-500)}`)
}

export async function tagImage(
  address: EngineAddress,
  reference: string,
  repository: string,
  tag: string,
): Promise<void> {
  const query = new URLSearchParams({ repo: repository, tag })
  const { status, text } = await callEngine(address, {
    method: 'POST',
    path: `/images/${encodeURIComponent(reference)}/tag?${query}`,
  })
  if (status !== 201) throw new Error(`The engine did not tag ${reference} as ${repository}:${tag}: ${status} ${text}`)
}
