import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import type { RunPort } from './container-runtime'
import { PortTaken } from './container-runtime'

/**
 * Throws PortTaken for the first host port of a run that cannot be bound now. The engine checks as well; this
 * finds the port before anything is created, and for runtimes without an engine it is the only check.
 */
export async function checkHostPorts(ports: readonly RunPort[]): Promise<void> {
  for (const port of ports) {
    if (!port.host) continue
    if (await isTaken(port.protocol, port.host))
      throw new PortTaken({ protocol: port.protocol, host: port.host.port, name: port.name })
  }
}

function isTaken(protocol: 'tcp' | 'udp', host: { address: string; port: number }): Promise<boolean> {
  return new Promise(resolve => {
    // Any other error (an address that this machine does not have, a privileged port) is the engine's to tell.
    const failed = (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE')
    if (protocol === 'tcp') {
      const server = createServer().once('error', failed)
      server.listen({ port: host.port, host: host.address, exclusive: true }, () => server.close(() => resolve(false)))
    } else {
      const socket = createSocket({ type: host.address.includes(':') ? 'udp6' : 'udp4' }).once('error', failed)
      socket.bind({ port: host.port, address: host.address, exclusive: true }, () => socket.close(() => resolve(false)))
    }
  })
}
