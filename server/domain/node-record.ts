import type { LabelMap, NodeOverrides, NodeSpecs } from '../../shared/schemas/node'

/** A certificate of a node, as far as the brain remembers it. */
export interface NodeCertificateRecord {
  serial: string
  /** SHA-256, hexadecimal; so is that of the root that signed it. */
  fingerprint: string
  authority: string
  issuedAt: number
  expiresAt: number
}

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
  /** Given for a join token and not yet known to have arrived; until then the one before is good as well. */
  pendingSecretHash: string | null
  joinTokenHash: string | null
  joinTokenExpiresAt: number | null
  /** The newest that it was given or came with. */
  certificate: NodeCertificateRecord | null
  /** Nobody is let in as this node, by secret or certificate. */
  accessRevokedAt: number | null
  /** Older certificates count no more. */
  certificatesSince: number | null
  /** Until then its secret alone is enough to be given a new certificate. */
  regainUntil: number | null
  /** The last specs its agent told. What counts of them is `effectiveSpecs`. */
  specs: NodeSpecs | null
  joinedAt: number | null
  lastSeenAt: number | null
  createdAt: number
}
