import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { AppError } from '../../shared/errors'
import type { RunPort } from './container-runtime'
import { PortTaken } from './container-runtime'

/**
 * Throws PortTaken for the first host port of a run that cannot be bound now, START_FAILED for an address that the machine does not have. The engine checks as well; this
 * finds the port before anything is created, and for runtimes without an engine it is the only check.
 */
export async function checkHostPorts(ports: readonly RunPort[]): Promise<void> {
  for (const port of ports) {
    const { host, protocol, name } = port
    for (const address of host?.addresses ?? []) {
      const obstacle = host && (await tryToBind(protocol, { address, port: host.port }))
      if (obstacle === 'EADDRINUSE') throw new PortTaken({ protocol, host: host?.port ?? 0, name })
      if (obstacle === 'EADDRNOTAVAIL' || obstacle === 'EAFNOSUPPORT') throw unknownAddress(address)
    }
  }
}

/** A setting of the node that no other port and no other try would mend. */
export function unknownAddress(address: string, cause?: unknown): AppError {
  return new AppError(
    'START_FAILED',
    `The node is to bind ports on ${address}, which is not an address of this machine. Correct STRATA_NODE_PUBLIC_BIND or STRATA_NODE_PRIVATE_BIND there and restart its agent.`,
    { cause },
  )
}

/** The code of what speaks against binding; null when nothing does. */
function tryToBind(protocol: 'tcp' | 'udp', host: { address: string; port: number }): Promise<string | null> {
  const { address, port } = host
  // `::` beside `0.0.0.0`: each is tried alone.
  const ipv6Only = address.includes(':')
  return new Promise(resolve => {
    // Any other error (a privileged port) is the engine's to tell.
    const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? null)
    if (protocol === 'tcp') {
      const server = createServer().once('error', failed)
      server.listen({ port, host: address, exclusive: true, ipv6Only }, () => server.close(() => resolve(null)))
    } else {
      const socket = createSocket({ type: ipv6Only ? 'udp6' : 'udp4', ipv6Only }).once('error', failed)
      socket.bind({ port, address, exclusive: true }, () => socket.close(() => resolve(null)))
    }
  })
}
