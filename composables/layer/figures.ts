import type { StackPreview } from '../../shared/schemas/stack'

/** What becomes of the files of one layer: how many it brings, and how many of them later layers hide or remove. */
export function layerFigures(
  preview: Pick<StackPreview, 'entries' | 'removed' | 'layers'>,
  position: number,
): { files: number; hidden: number } {
  let hidden = 0
  for (const entry of preview.entries) if (entry.overrides.includes(position)) hidden++
  for (const gone of preview.removed) if (gone.layer === position) hidden++
  return { files: preview.layers[position]?.files ?? 0, hidden }
}
