import type { LabelMap, NodeOverrides, NodeSpecs } from '../../shared/schemas/node'

/** One node as the brain stores it. */
export interface NodeRecord {
  id: string
  name: string
  region: string | null
  tags: string[]
  labels: LabelMap
  /** Set in the panel over what the machine says. */
  overrides: NodeOverrides
  /** Whence its agent dialled last; null: never. */
  observedAddress: string | null
  devMode: boolean
  schedulable: boolean
  /** Started by this brain's own launcher. */
  local: boolean
  secretHash: string | null
  joinTokenHash: string | null
  joinTokenExpiresAt: number | null
  /** The last specs its agent told. What counts of them is `effectiveSpecs`. */
  specs: NodeSpecs | null
  joinedAt: number | null
  lastSeenAt: number | null
  createdAt: number
}
