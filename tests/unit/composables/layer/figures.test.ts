import { expect, it } from 'vitest'
import { layerFigures } from '../../../../composables/layer/figures'

it('counts what later layers hide or remove of a layer', () => {
  const preview = {
    layers: [{ files: 3 }, { files: 1 }],
    entries: [{ overrides: [0] }, { overrides: [] }],
    removed: [{ path: 'x', layer: 0, by: 1 }],
  } as never
  expect(layerFigures(preview, 0)).toEqual({ files: 3, hidden: 2 })
  expect(layerFigures(preview, 1)).toEqual({ files: 1, hidden: 0 })
})
