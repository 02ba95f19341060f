import { BlockList, isIP } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** Says who sent a request: the peer, or who a trusted proxy says it was. */
export interface ClientView {
  address: string
  isHttps: boolean
  /** The `host[:port]` the client asked for. */
  host: string | undefined
}

/**
 * @param trustedProxies addresses and ranges whose `X-Forwarded-*` headers are believed; those of anybody else are not,
 * for they could be written by the client itself
 */
export function createClientViewer(
  trustedProxies: readonly string[],
): (request: Pick<IncomingMessage, 'headers' | 'socket'>) => ClientView {
  const trusted = new BlockList()
  for (const entry of trustedProxies) {
    const [address = '', bits] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    trusted.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family)
  }
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

  return ({ headers, socket }) => {
    const peer = plainAddress(socket?.remoteAddress ?? '')
    const isHttps = isEncrypted(socket)
    if (!isTrusted(peer)) return { address: peer || 'unknown', isHttps, host: headers.host }
    const scheme = lastOf(headers['x-forwarded-proto'])
    return {
      address: forwardedFor(headers, peer, isTrusted),
      isHttps: scheme === undefined ? isHttps : scheme === 'https',
      host: lastOf(headers['x-forwarded-host']) ?? headers.host,
    }
  }
}

/** The brain itself speaks TLS on this socket. */
export function isEncrypted(socket: IncomingMessage['socket'] | undefined): boolean {
  return socket instanceof TLSSocket
}

/** From the right, the first address that is not a proxy of ours: what stands left of it anybody may have written. */
function forwardedFor(headers: IncomingHttpHeaders, peer: string, isTrusted: (address: string) => boolean): string {
  const chain = listOf(headers['x-forwarded-for']).map(plainAddress)
  let address = peer
  for (const hop of chain.reverse()) {
    if (isIP(hop) === 0) break
    address = hop
    if (!isTrusted(hop)) break
  }
  return address
}

function listOf(header: string | string[] | undefined): string[] {
  return (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map(part => part.trim())
    .filter(Boolean)
}

function lastOf(header: string | string[] | undefined): string | undefined {
  return listOf(header).at(-1)
}

/** `::ffff:10.0.0.1` is 10.0.0.1 seen through a dual-stack socket; brackets and a port go. */
function plainAddress(address: string): string {
  const bare = address.replace(/^\[(.*)\](?::\d+)?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
  return bare.replace(/^::ffff:(?=\d+\.)/i, '')
}
