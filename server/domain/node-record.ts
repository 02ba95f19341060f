import type { NodeSpecs } from '../../shared/schemas/node'

/** One node as the brain stores it. */
export interface NodeRecord {
  id: string
  name: string
  region: string | null
  tags: string[]
  devMode: boolean
  schedulable: boolean
  /** Started by this brain's own launcher. */
  local: boolean
  secretHash: string | null
  joinTokenHash: string | null
  joinTokenExpiresAt: number | null
  /** The last specs its agent told. */
  specs: NodeSpecs | null
  joinedAt: number | null
  lastSeenAt: number | null
  createdAt: number
}
