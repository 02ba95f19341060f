import type { TemplateType } from '../../shared/schemas/template-type'

export interface LayerLook {
  /** Tint of a band. */
  ground: string
  /** Solid end of a band, with its text. */
  edge: string
  text: string
  /** A small mark in trees and lists. */
  dot: string
}

/** The language of bands: one colour for each template type, rose for what the server changed itself. */
export const LAYER_LOOK: Record<TemplateType | 'own', LayerLook> = {
  master: {
    ground: 'bg-layer-master/12',
    edge: 'bg-layer-master text-inverted',
    text: 'text-layer-master',
    dot: 'bg-layer-master',
  },
  gamemode: {
    ground: 'bg-layer-gamemode/12',
    edge: 'bg-layer-gamemode text-inverted',
    text: 'text-layer-gamemode',
    dot: 'bg-layer-gamemode',
  },
  map: { ground: 'bg-layer-map/12', edge: 'bg-layer-map text-inverted', text: 'text-layer-map', dot: 'bg-layer-map' },
  custom: {
    ground: 'bg-layer-custom/12',
    edge: 'bg-layer-custom text-inverted',
    text: 'text-layer-custom',
    dot: 'bg-layer-custom',
  },
  own: { ground: 'bg-layer-own/12', edge: 'bg-layer-own text-inverted', text: 'text-layer-own', dot: 'bg-layer-own' },
}
