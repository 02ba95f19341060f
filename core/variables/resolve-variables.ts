import { isBuiltinVariable, isReservedVariable } from '../../shared/domain/builtin-variables'
import { AppError } from '../../shared/errors'
import { POLICY } from '../../shared/domain/policy'
import type { Manifest } from '../../shared/schemas/manifest'
import { mergeDeclarations } from './declarations'
import type { MergedDeclaration } from './declarations'
import { failedPatterns } from './patterns'
import { fillInText, scanPlaceholders } from './placeholders'

export interface ResolveVariablesInput {
  /** In the order of the layers. */
  manifests: readonly Manifest[]
  /** What the operator gave. */
  given: Readonly<Record<string, string>>
  /** See `builtinVariables`. */
  builtins: ReadonlyMap<string, string>
  /** Secrets that no layer declares as such: somebody gave them so. */
  secretNames?: Iterable<string>
}

/** Where a value comes from; `empty` is a declared variable that nobody gave one and nobody requires. */
export type VariableOrigin = 'given' | 'default' | 'builtin' | 'empty'

export interface ResolvedVariables {
  /** Every name that may be filled in: declared and built-in ones, those in `missing` and `invalid` left out. */
  values: Map<string, string>
  origins: Map<string, VariableOrigin>
  /** Required, and without a value or a default. */
  missing: string[]
  invalid: { name: string; message: string }[]
  /** Given, but neither declared nor built in: never filled in anywhere. */
  unknownGiven: string[]
  /** Names whose values must not be shown: secrets, declared or given as such, and defaults that hold one. */
  secrets: Set<string>
  declarations: Map<string, MergedDeclaration>
}

/**
 * The value of every variable of a stack. Given ones come first and are literal; then defaults, which may hold other
 * declared or built-in variables, each filled in once; then built-in values. Names that describe identity, placement,
 * ports or memory can neither be given nor declared.
 *
 * @throws AppError VARIABLE_INVALID when the layers declare more than `POLICY.variables.perInstance` together; every
 *   other fault is told in the result.
 */
export function resolveVariables(input: ResolveVariablesInput): ResolvedVariables {
  const declarations = mergeDeclarations(input.manifests)
  refuseTooMany(declarations)
  const given = new Map(Object.entries(input.given))
  const result: ResolvedVariables = {
    values: new Map(),
    origins: new Map(),
    missing: [],
    invalid: [],
    unknownGiven: [...given.keys()].filter(name => !declarations.has(name) && !isBuiltinVariable(name)),
    secrets: new Set([
      ...[...declarations].filter(([, { secret }]) => secret).map(([name]) => name),
      ...(input.secretNames ?? []),
    ]),
    declarations,
  }
  const resolver = new Resolver(result, given, input.builtins)
  for (const name of new Set([...input.builtins.keys(), ...declarations.keys(), ...given.keys()]))
    resolver.resolve(name)
  refuseByPattern(result)
  return result
}

class Resolver {
  readonly #result: ResolvedVariables
  readonly #given: ReadonlyMap<string, string>
  readonly #builtins: ReadonlyMap<string, string>
  readonly #settled = new Set<string>()
  /** Names on the way to the one that is resolved now. */
  readonly #open: string[] = []

  constructor(result: ResolvedVariables, given: ReadonlyMap<string, string>, builtins: ReadonlyMap<string, string>) {
    this.#result = result
    this.#given = given
    this.#builtins = builtins
  }

  resolve(name: string): void {
    if (this.#settled.has(name)) return
    if (this.#open.includes(name)) return this.#refuseCircle(name)
    this.#open.push(name)
    this.#settle(name)
    this.#open.pop()
    this.#settled.add(name)
  }

  #settle(name: string): void {
    const declaration = this.#result.declarations.get(name)
    const given = this.#given.get(name)
    const builtin = this.#builtins.get(name)
    if (isReservedVariable(name)) {
      if (given !== undefined) this.#refuse(name, 'is built in and cannot be given: Strata gives it its value')
      if (builtin !== undefined) this.#set(name, builtin, 'builtin')
    } else if (given !== undefined) {
      if (declaration || isBuiltinVariable(name)) this.#set(name, given, 'given')
    } else if (declaration?.default !== undefined) this.#expand(name, declaration.default)
    else if (builtin !== undefined) this.#set(name, builtin, 'builtin')
    else if (declaration?.required) this.#result.missing.push(name)
    else if (declaration) this.#set(name, '', 'empty')
  }

  #expand(name: string, text: string): void {
    const { values, secrets } = this.#result
    const names = scanPlaceholders(text)
    for (const other of names) this.resolve(other)
    // Found to be part of a circle on the way.
    if (this.#result.invalid.some(fault => fault.name === name)) return
    const value = fillInText(text, other => values.get(other), POLICY.variables.valueBytes)
    if (value === undefined || Buffer.byteLength(value) > POLICY.variables.valueBytes) {
      this.#refuse(name, `its default is longer than ${POLICY.variables.valueBytes} bytes once filled in`)
      return
    }
    if (names.some(other => secrets.has(other))) secrets.add(name)
    this.#set(name, value, 'default')
  }

  #refuseCircle(name: string): void {
    const circle = this.#open.slice(this.#open.indexOf(name))
    const shown = [...circle, name].join(' → ')
    for (const member of circle) this.#refuse(member, `its default leads in a circle: ${shown}`)
  }

  #refuse(name: string, message: string): void {
    if (this.#result.invalid.some(fault => fault.name === name)) return
    this.#result.invalid.push({ name, message })
  }

  #set(name: string, value: string, origin: VariableOrigin): void {
    this.#result.values.set(name, value)
    this.#result.origins.set(name, origin)
  }
}

function refuseTooMany(declarations: ReadonlyMap<string, MergedDeclaration>): void {
  if (declarations.size <= POLICY.variables.perInstance) return
  throw new AppError(
    'VARIABLE_INVALID',
    `The layers declare ${declarations.size} variables together; at most ${POLICY.variables.perInstance} are allowed. Leave out a layer.`,
  )
}

function refuseByPattern({ values, origins, declarations, invalid }: ResolvedVariables): void {
  const checks = [...declarations].flatMap(([name, { pattern }]) => {
    const value = values.get(name)
    const origin = origins.get(name)
    if (pattern === undefined || value === undefined || origin === 'empty') return []
    // Before an instance has a node, a default that names it cannot be judged yet.
    if (origin === 'default' && scanPlaceholders(value).some(isBuiltinVariable)) return []
    return [{ name, pattern, value }]
  })
  for (const { name, isTimeout } of failedPatterns(checks)) {
    const pattern = declarations.get(name)?.pattern
    values.delete(name)
    origins.delete(name)
    invalid.push({
      name,
      message: isTimeout ? `could not be tested against ${pattern} in time` : `must match ${pattern} as a whole`,
    })
  }
}
