import { createServer, type Server } from 'node:https'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { splitChain } from '../../core/certificates/fingerprint'
import { POLICY } from '../../shared/domain/policy'
import type { ServerCredentials } from './server-credentials'
import { TlsFault } from './tls-fault'

export interface TlsDoorOptions {
  host: string
  port: number
  /** The setting that names the port, for the message when it is taken. */
  setting: string
  credentials: ServerCredentials
  /** Clients are asked for a certificate. None is demanded, and none is judged here: who may speak is said later, in words. */
  asksForCertificate: boolean
  onRequest: RequestListener
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

export interface TlsDoor {
  readonly address: AddressInfo
  /** No new connections; those under way get the patience of POLICY.tls.closeMs, then they are cut. */
  close(): Promise<void>
}

/** Listens with TLS 1.2 or newer. Throws TlsFault when it cannot. */
export async function openTlsDoor(options: TlsDoorOptions): Promise<TlsDoor> {
  const { host, port, credentials, asksForCertificate } = options
  const context = () => ({
    cert: credentials.current().cert,
    key: credentials.current().key,
    minVersion: 'TLSv1.2' as const,
    // No roots but the brain's own certificate, which signs nothing: TLS then proves that the client has the key of what it shows, and leaves
    // the rest to us. Where it judges a forged signature itself, OpenSSL keeps an error that the next write of any TLS socket takes for
    // its own (Node 24). An empty list would mean the roots of the machine.
    ca: splitChain(credentials.current().cert).slice(0, 1),
  })
  const server = createServer(
    { ...context(), ...(asksForCertificate ? { requestCert: true, rejectUnauthorized: false } : {}) },
    options.onRequest,
  )
  server.on('upgrade', (request, socket, head) => options.onUpgrade(request, socket, head))
  await listen(server, host, port).catch((cause: Error) => {
    throw new TlsFault(
      `The brain cannot listen on ${host}, port ${port}: ${cause.message}. Stop what listens there, or set ${options.setting} to another port.`,
      { cause },
    )
  })
  // Connections that stand go on.
  credentials.onChange(() => server.setSecureContext(context()))
  return {
    address: server.address() as AddressInfo,
    close: () =>
      new Promise(resolve => {
        const cutting = setTimeout(() => server.closeAllConnections(), POLICY.tls.closeMs)
        server.close(() => {
          clearTimeout(cutting)
          resolve()
        })
      }),
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
