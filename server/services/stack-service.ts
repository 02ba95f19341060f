import { previewStack } from '../../core/stack/preview-stack'
import type { PreviewBody, StackPreview } from '../../shared/schemas/stack'
import type { LayerSource } from '../ports'
import type { InheritedVariable } from './variable-service'

export interface StackService {
  /**
   * What a stack would become: tags are resolved now, nothing is stored. What keeps a server from being made of it is
   * among `conflicts`; only what leaves nothing to show throws.
   *
   * @throws AppError UNKNOWN_LAYER, LINK_ESCAPE, VARIABLE_INVALID.
   */
  preview(body: PreviewBody, inherited?: ReadonlyMap<string, InheritedVariable>): Promise<StackPreview>
}

export function createStackService(deps: { layers: Pick<LayerSource, 'lock' | 'load'> }): StackService {
  return {
    async preview({ layers, variables }, inherited) {
      const loaded = await deps.layers.load(await deps.layers.lock(layers))
      return previewStack(
        loaded.map(({ layer, index }) => ({ ...layer, index })),
        variables,
        inherited,
      )
    },
  }
}
