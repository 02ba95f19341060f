import { createHash } from 'node:crypto'
import { isBuiltinVariable } from '../../shared/domain/builtin-variables'
import type { BuiltinName } from '../../shared/domain/builtin-variables'

/** What Strata knows of an instance that has a node and ports. */
export interface BuiltinInput {
  instance: { id: string; name: string; environment?: string | null }
  node: { name: string; region?: string | null }
  /** What players use to reach the node. */
  publicHost: string
  /** In the order of the instance: the first is `PORT`. */
  ports: readonly BuiltinPort[]
  memoryMb: number
}

export interface BuiltinPort {
  name: string
  /** Where the server must listen in its runtime; null when nobody said and nobody gave one. */
  listen: number | null
  /** What players use; null when the port is not exposed. */
  public: number | null
}

/**
 * The values of all built-in variables; those without a value (`PORT` of a server without ports) are not there.
 * `SERVER_NAME`, `SEED`, `LOCALE`, `REGION` and `ENVIRONMENT` are what holds unless they are given.
 */
export function builtinVariables(input: BuiltinInput): Map<string, string> {
  const { instance, node, ports, memoryMb } = input
  const facts: Record<Exclude<BuiltinName, 'PORT' | 'PUBLIC_PORT'>, string> = {
    INSTANCE_ID: instance.id,
    INSTANCE_NAME: instance.name,
    NODE_NAME: node.name,
    REGION: node.region ?? '',
    ENVIRONMENT: instance.environment ?? 'production',
    SERVER_NAME: instance.name,
    PUBLIC_HOST: input.publicHost,
    MEMORY_MB: String(memoryMb),
    HEAP_MB: String(heapMb(memoryMb)),
    SEED: seedOf(instance.id),
    LOCALE: 'en',
  }
  const values = new Map<string, string>(Object.entries(facts))
  for (const [at, port] of ports.entries()) {
    const endings = at === 0 ? ['', `_${port.name.toUpperCase()}`] : [`_${port.name.toUpperCase()}`]
    for (const ending of endings) {
      if (port.listen !== null) values.set(`PORT${ending}`, String(port.listen))
      if (port.public !== null) values.set(`PUBLIC_PORT${ending}`, String(port.public))
    }
  }
  return values
}

/** The built-in ones among all values: what also stands in the environment of the server. */
export function onlyBuiltin(values: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...values].filter(([name]) => isBuiltinVariable(name)))
}

/**
 * Memory for a managed heap in MiB: what is left beside the larger of 512 MiB and 20 %, which a JVM needs for itself;
 * in a small server half of all, since there 512 MiB would leave nothing.
 */
export function heapMb(memoryMb: number): number {
  return Math.max(memoryMb - Math.max(512, Math.ceil(memoryMb / 5)), Math.floor(memoryMb / 2))
}

/** A number from 0 to 2^48 − 1, exact in every program that reads it, the same whenever it is asked for. */
function seedOf(instanceId: string): string {
  return String(createHash('sha256').update(`seed:${instanceId}`).digest().readUIntBE(0, 6))
}
