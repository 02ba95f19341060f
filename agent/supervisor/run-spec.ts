import type { InstanceSpec } from '../../shared/protocol/agent'
import type { InstancePort } from '../../shared/schemas/instance'
import type { RuntimeKind } from '../../shared/schemas/node'
import type { Prepared } from '../prepare/port'
import type { RunPort, RunSpec } from '../runtime/container-runtime'

/** Addresses of the machine that ports are bound on. */
export interface NodeBinds {
  publicBind: readonly string[]
  privateBind: readonly string[]
}

/**
 * The spec as it fits a runtime. Without a container there is no second network: a server listens where it is reached, so its
 * port variables name the host ports. The brain does this by itself for nodes that say `process`; here it is for the
 * example, which falls back to it. Commands that the brain filled in already are not changed.
 */
export function fitSpec(spec: InstanceSpec, runtime: RuntimeKind): InstanceSpec {
  if (runtime === 'docker') return spec
  const moved = spec.ports.filter(port => port.host !== null)
  const values = Object.fromEntries(moved.map(port => [`PORT_${port.name.toUpperCase()}`, String(port.host)]))
  const first = spec.ports[0]
  if (first?.host) values.PORT = String(first.host)
  const replaced = (map: Record<string, string>) => ({
    ...map,
    ...Object.fromEntries(Object.entries(values).filter(([name]) => name in map)),
  })
  return { ...spec, variables: replaced(spec.variables), builtins: replaced(spec.builtins) }
}

/** Where a server listens: in its container, or on the machine when there is none. */
export function listenPort(port: InstancePort, runtime: RuntimeKind): number | null {
  return runtime === 'process' ? (port.host ?? port.container) : (port.container ?? port.host)
}

/**
 * Everything the runtime needs to know of one run.
 *
 * The environment is the built-in variables, then what the layers say: a layer that sets PORT by itself means it. HOME is
 * where the stack is, so that what a server keeps there stays when its container goes.
 */
export function runSpecOf(
  given: InstanceSpec,
  /** `image`: what names the bytes that the instance was prepared with; null or left out: as the spec says. */
  laid: Pick<Prepared, 'planHash' | 'mount'> & { image?: string | null | undefined },
  run: { runId: string; generation: number; runtime: RuntimeKind },
  binds: NodeBinds,
): RunSpec {
  const spec = fitSpec(given, run.runtime)
  const home: Record<string, string> = run.runtime === 'docker' ? { HOME: spec.runtime.workdir } : {}
  return {
    instanceId: spec.id,
    runId: run.runId,
    generation: run.generation,
    planHash: laid.planHash,
    mount: laid.mount,
    image: laid.image ?? spec.runtime.image,
    command: spec.runtime.command,
    workdir: spec.runtime.workdir,
    env: { ...home, ...spec.builtins, ...spec.runtime.env },
    ports: spec.ports.flatMap(port => runPort(port, run.runtime, binds)),
    resources: spec.runtime.resources,
    stopSignal: spec.runtime.stop.signal,
    stopGraceSeconds: spec.runtime.stop.graceSeconds,
  }
}

function runPort(port: InstancePort, runtime: RuntimeKind, binds: NodeBinds): RunPort[] {
  const container = listenPort(port, runtime)
  if (container === null) return []
  const addresses = port.expose === 'public' ? binds.publicBind : binds.privateBind
  const host = port.expose === 'none' || port.host === null ? null : { addresses, port: port.host }
  return [{ name: port.name, protocol: port.protocol, container, host }]
}
