import type { NodeOverrides } from '../../shared/schemas/node'

type Change = { [Key in keyof NodeOverrides]?: NodeOverrides[Key] | undefined }

/** What is set after a change: what is left out of it stays, null gives the word back to the machine. */
export function withOverrides(current: NodeOverrides, { reserve, ...change }: Change): NodeOverrides {
  const kept: NodeOverrides['reserve'] = set({ ...current.reserve, ...said(reserve ?? {}) })
  const rest: NodeOverrides = set({ ...current, ...said(change), reserve: null })
  return Object.keys(kept).length > 0 ? { ...rest, reserve: kept } : rest
}

function said(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

function set(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value != null))
}
