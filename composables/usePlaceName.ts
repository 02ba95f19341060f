import type { VariableScope } from '../shared/schemas/scope-variable'

/** A place that has variables, in words: the whole network, a region, a node. */
export function usePlaceName() {
  const { t } = useI18n()
  return {
    nameOf: ({ scope, id, name }: { scope: VariableScope; id: string; name?: string }) =>
      t(`variable.scope.${scope}`, { name: name || id }),
  }
}
