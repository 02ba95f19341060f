/**
 * The variables that Strata itself gives a value, each with what it holds. `PORT_<NAME>` and `PUBLIC_PORT_<NAME>`
 * come beside them for every port, with the port's name in capitals.
 */
export const BUILTIN_VARIABLES = {
  INSTANCE_ID: 'Id of the instance',
  INSTANCE_NAME: 'Name of the instance',
  NODE_NAME: 'Name of the node it runs on',
  REGION: 'Region of the node; empty when it has none',
  ENVIRONMENT: 'Environment of the instance; `production` unless said',
  SERVER_NAME: 'Name that players see; the name of the instance unless given',
  PORT: 'Where the server must listen in its runtime: the first port',
  PUBLIC_PORT: 'What players use to reach the first port',
  PUBLIC_HOST: 'What players use to reach the node',
  MEMORY_MB: 'Memory of the instance in MiB',
  HEAP_MB: 'Memory that a managed heap may take in MiB: the rest is for the program around it',
  SEED: 'A whole number that stays the same for the life of the instance',
  LOCALE: 'Language of the server; `en` unless given',
} as const satisfies Record<string, string>

export type BuiltinName = keyof typeof BUILTIN_VARIABLES

/** Built-in values that an operator or a template may replace: they describe, and nothing depends on their truth. */
const GIVEABLE: ReadonlySet<string> = new Set<BuiltinName>(['SERVER_NAME', 'SEED', 'LOCALE', 'REGION', 'ENVIRONMENT'])
const PORT_NAME = /^(?:PUBLIC_)?PORT_[A-Z][A-Z0-9_]*$/

/** True for a name that is built in, the ones of single ports included. */
export function isBuiltinVariable(name: string): boolean {
  return Object.hasOwn(BUILTIN_VARIABLES, name) || PORT_NAME.test(name)
}

/**
 * True for built-in names whose value is a fact (identity, placement, ports, memory): they can neither be given nor
 * declared, because a server that was told another port than its own would be unreachable without a trace.
 */
export function isReservedVariable(name: string): boolean {
  return isBuiltinVariable(name) && !GIVEABLE.has(name)
}
