import type { InstancePort } from '../../../shared/schemas/instance'

export interface HostPort {
  protocol: 'tcp' | 'udp'
  port: number
}

/** A host port as a key: TCP and UDP are different ports. */
export function hostPortKey({ protocol, port }: HostPort): string {
  return `${protocol}/${port}`
}

/** Host ports that instance ports hold on their node, each once. */
export function hostPortsOf(ports: readonly InstancePort[]): HostPort[] {
  const held = new Map<string, HostPort>()
  for (const { protocol, host } of ports) {
    if (host === null) continue
    held.set(hostPortKey({ protocol, port: host }), { protocol, port: host })
  }
  return [...held.values()]
}
