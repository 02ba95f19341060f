import { resolveVariables } from '../../core/variables/resolve-variables'
import { scanPlaceholders } from '../../core/variables/placeholders'
import { isReservedVariable } from '../../shared/domain/builtin-variables'
import type { Manifest } from '../../shared/schemas/manifest'

/**
 * The values that somebody must have given, found from all values that a node holds: those that the layers' defaults and
 * what is built in do not explain. A default that names another variable is explained once that one is known.
 */
export function givenVariables(
  held: Readonly<Record<string, string>>,
  manifests: readonly Manifest[],
  builtins: ReadonlyMap<string, string>,
): Record<string, string> {
  const valuesWith = (given: Record<string, string>) => resolveVariables({ manifests, given, builtins })
  const plain = valuesWith({})
  let given = Object.fromEntries(
    Object.entries(held).filter(([name, value]) => !isReservedVariable(name) && plain.values.get(name) !== value),
  )
  for (const name of Object.keys(given)) {
    const { default: text } = plain.declarations.get(name) ?? {}
    if (text === undefined || scanPlaceholders(text).length === 0) continue
    const { [name]: value, ...others } = given
    if (valuesWith(others).values.get(name) === value) given = others
  }
  return given
}
