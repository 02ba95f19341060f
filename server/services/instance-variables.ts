import { AppError } from '../../shared/errors'
import { MASKED } from '../../shared/schemas/instance'
import type { InstanceRecord, SecretBox } from '../ports'
import type { InheritedVariable } from './variable-service'

type Stored = Pick<InstanceRecord, 'variables' | 'secretNames'>

/** Seals the values of secret variables; the others stay readable. */
export function sealVariables(
  given: Record<string, string>,
  secretNames: readonly string[],
  box: Pick<SecretBox, 'seal'>,
): Stored {
  return {
    variables: mapValues(given, (value, name) => (secretNames.includes(name) ? box.seal(value) : value)),
    secretNames: [...secretNames],
  }
}

/** All values in clear. */
export function openVariables(
  { variables, secretNames }: Stored,
  box: Pick<SecretBox, 'open'>,
): Record<string, string> {
  return mapValues(variables, (value, name) => (secretNames.includes(name) ? box.open(value) : value))
}

/** What a server gets from farther away, as if it were given: its own values are laid over it. */
export function inheritedValues(inherited: ReadonlyMap<string, InheritedVariable>): Record<string, string> {
  return Object.fromEntries([...inherited].map(([name, { value }]) => [name, value]))
}

/** The names of what is a secret farther away: what a server is given of that name is one as well. */
export function inheritedSecrets(inherited: ReadonlyMap<string, InheritedVariable>): string[] {
  return [...inherited].filter(([, { secret }]) => secret).map(([name]) => name)
}

/**
 * What was given anew, in clear: a secret that comes back as it was shown (`••••••`) keeps its value. VARIABLE_INVALID for
 * a mask that stands for nothing.
 */
export function unmask(
  given: Record<string, string>,
  current: Stored,
  box: Pick<SecretBox, 'open'>,
): Record<string, string> {
  const known = openVariables(current, box)
  return mapValues(given, (value, name) => {
    if (value !== MASKED) return value
    const kept = current.secretNames.includes(name) ? known[name] : undefined
    if (kept !== undefined) return kept
    const message = `${name} was given the mask that stands for a secret, but no secret of that name is kept`
    throw new AppError('VARIABLE_INVALID', `${message}. Give its value.`, {
      issues: [{ path: `variables.${name}`, message }],
    })
  })
}

function mapValues(
  map: Record<string, string>,
  change: (value: string, name: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, change(value, name)]))
}
