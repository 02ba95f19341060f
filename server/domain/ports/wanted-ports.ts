import type { ErrorIssue } from '../../../shared/errors'
import type { InstancePort, PortRequest } from '../../../shared/schemas/instance'
import type { RuntimePort } from '../../../shared/schemas/runtime'

/**
 * The ports of an instance: those its layers name, in their order, each with what the request says of the same
 * name put over it, then those that only the request names. None has a host port yet but those asked for by number.
 */
export function wantedPorts(
  declared: readonly RuntimePort[],
  requested: readonly PortRequest[],
): { ports: InstancePort[]; issues: ErrorIssue[] } {
  const issues: ErrorIssue[] = []
  const names = [...new Set([...declared.map(port => port.name), ...requested.map(port => port.name)])]
  const ports = names.map((name): InstancePort => {
    const base = declared.find(port => port.name === name)
    const index = requested.findIndex(port => port.name === name)
    const request = requested[index]
    const protocol = request?.protocol ?? base?.protocol ?? 'tcp'
    const expose = request?.expose ?? base?.expose ?? 'public'
    const container = request?.container ?? base?.container ?? null
    const host = expose === 'none' ? null : (request?.host ?? null)
    const at = index >= 0 ? `ports[${index}]` : `layers`
    if (expose === 'none' && request?.host !== undefined) {
      issues.push({ path: `${at}.host`, message: `"${name}" is not exposed, so it can have no host port` })
    }
    if (expose === 'none' && container === null) {
      issues.push({
        path: `${at}.container`,
        message: `"${name}" is not exposed, so it must say on which port the server listens`,
      })
    }
    return { name, protocol, container, host, expose, fixed: host !== null }
  })
  issues.push(...clashes(ports, requested))
  return { ports, issues }
}

/** Two ports that cannot both be had: one number asked for twice, or two that listen at one place. */
function clashes(ports: readonly InstancePort[], requested: readonly PortRequest[]): ErrorIssue[] {
  const issues: ErrorIssue[] = []
  for (const side of ['host', 'container'] as const) {
    const seen = new Map<string, string>()
    for (const port of ports) {
      if (port[side] === null) continue
      const key = `${port.protocol}/${port[side]}`
      const other = seen.get(key)
      const index = requested.findIndex(request => request.name === port.name)
      if (other)
        issues.push({
          path: index >= 0 ? `ports[${index}].${side}` : 'layers',
          message: `${key} is also the ${side} port of "${other}"`,
        })
      seen.set(key, port.name)
    }
  }
  return issues
}
