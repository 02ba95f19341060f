import type { ErrorIssue } from '../../../shared/errors'
import type { InstancePort, PortRequest } from '../../../shared/schemas/instance'
import type { RuntimePort } from '../../../shared/schemas/runtime'

export interface WantedPorts {
  ports: InstancePort[]
  /** What makes no sense by itself. */
  invalid: ErrorIssue[]
  /** Ports of the instance that cannot be had together. */
  clashing: ErrorIssue[]
}

/**
 * The ports of an instance: those its layers name, in their order, each with what the request says of the same
 * name put over it, then those that only the request names. None has a host port yet but those asked for by number.
 */
export function wantedPorts(declared: readonly RuntimePort[], requested: readonly PortRequest[]): WantedPorts {
  const names = new Set([...declared, ...requested].map(port => port.name))
  const ports = [...names].map(name => {
    const base = declared.find(port => port.name === name)
    const request = requested.find(port => port.name === name)
    return mergePort(name, base, request)
  })
  return { ports, invalid: findInvalid(ports, requested), clashing: findClashes(ports, requested) }
}

function mergePort(name: string, base: RuntimePort | undefined, request: PortRequest | undefined): InstancePort {
  const expose = request?.expose ?? base?.expose ?? 'public'
  const host = expose === 'none' ? null : (request?.host ?? null)
  return {
    name,
    protocol: request?.protocol ?? base?.protocol ?? 'tcp',
    container: request?.container ?? base?.container ?? null,
    host,
    expose,
    fixed: host !== null,
  }
}

/** A port that nobody reaches from outside has no host port, so it must know by itself where the server listens. */
function findInvalid(ports: readonly InstancePort[], requested: readonly PortRequest[]): ErrorIssue[] {
  return ports.flatMap(({ name, expose, container }) => {
    if (expose !== 'none') return []
    const asksForHost = requested.some(request => request.name === name && request.host !== undefined)
    const message = `"${name}" is not exposed, so`
    return [
      ...(asksForHost
        ? [{ path: pathOf(name, requested, 'host'), message: `${message} it can have no host port` }]
        : []),
      ...(container === null
        ? [
            {
              path: pathOf(name, requested, 'container'),
              message: `${message} it must say on which port the server listens`,
            },
          ]
        : []),
    ]
  })
}

/** One number asked for twice, or two ports that listen at one place. */
function findClashes(ports: readonly InstancePort[], requested: readonly PortRequest[]): ErrorIssue[] {
  return (['host', 'container'] as const).flatMap(side => {
    const seen = new Map<string, string>()
    return ports.flatMap(({ name, protocol, [side]: number }) => {
      if (number === null) return []
      const key = `${protocol}/${number}`
      const other = seen.get(key)
      seen.set(key, name)
      return other
        ? [{ path: pathOf(name, requested, side), message: `${key} is also the ${side} port of "${other}"` }]
        : []
    })
  })
}

function pathOf(name: string, requested: readonly PortRequest[], key: string): string {
  const index = requested.findIndex(request => request.name === name)
  return index >= 0 ? `ports[${index}].${key}` : `ports.${name}.${key}`
}

/** Lets ports keep the host ports they have, where nothing else was asked for. */
export function keepHosts(ports: readonly InstancePort[], current: readonly InstancePort[]): InstancePort[] {
  return ports.map(port => {
    if (port.fixed || port.expose === 'none') return port
    const before = current.find(({ name, protocol }) => name === port.name && protocol === port.protocol)
    return { ...port, host: before?.host ?? null }
  })
}
