import type { Manifest, VariableDeclaration } from '../../shared/schemas/manifest'

/** A variable as all layers together declare it. */
export interface MergedDeclaration extends VariableDeclaration {
  /** Number of the last layer that declares it. */
  layer: number
}

/**
 * The declarations of all layers, key by key, the last one wins; but what one layer calls a secret stays one, because
 * another template's carelessness must not show it.
 */
export function mergeDeclarations(manifests: readonly Manifest[]): Map<string, MergedDeclaration> {
  const merged = new Map<string, MergedDeclaration>()
  for (const [layer, { variables = {} }] of manifests.entries()) {
    for (const [name, declaration] of Object.entries(variables)) {
      const below = merged.get(name)
      const secret = below?.secret || declaration.secret
      merged.set(name, { ...below, ...declaration, ...(secret ? { secret } : {}), layer })
    }
  }
  return merged
}
