import { connect } from 'node:net'
import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Readiness } from '../../shared/schemas/runtime'

const PROBE_EVERY_MS = 250
const PROBE_LIMIT_MS = 2_000

/** Longer than a proxy on this machine takes to find that nobody is behind it. */
const PROXY_SETTLES_MS = 400

interface Target {
  host: string
  port: number
  /** A proxy accepts for the server: a connection counts only when it stays open. */
  isProxied: boolean
}

/**
 * Resolves to true when a server answers as its template says: a TCP connection is accepted, or an HTTP request gets a
 * status below 400. False when the signal aborts first. What is probed is the server's own address where there is a way to it. A proxy
 * before it accepts connections although nobody is behind it, and then closes them.
 *
 * @param address asked anew for every try: a container has no address before it runs
 */
export async function probeUntilReady(
  ready: Readiness,
  address: () => Promise<Target | null>,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    const target = await address()
    if (target && (await (ready.http ? answersHttp(target, ready.path ?? '/') : acceptsTcp(target))))
      return !signal.aborted
    await delay(PROBE_EVERY_MS, undefined, { signal }).catch(() => {})
  }
  return false
}

function acceptsTcp({ host, port, isProxied }: Target): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: PROBE_LIMIT_MS })
    const answer = (isReady: boolean) => {
      socket.destroy()
      resolve(isReady)
    }
    socket.once('connect', () => {
      if (!isProxied) return answer(true)
      // The server itself spoke: nobody else would.
      socket.once('data', () => answer(true))
      socket.once('close', () => answer(false))
      setTimeout(() => answer(!socket.destroyed && socket.readable), PROXY_SETTLES_MS)
    })
    socket.once('timeout', () => answer(false))
    socket.once('error', () => answer(false))
  })
}

function answersHttp({ host, port }: Target, path: string): Promise<boolean> {
  return new Promise(resolve => {
    const call = request({ host, port, path, timeout: PROBE_LIMIT_MS, agent: false }, response => {
      response.resume()
      resolve((response.statusCode ?? 500) < 400)
    })
    call.once('timeout', () => call.destroy())
    call.once('error', () => resolve(false))
    call.end()
  })
}
