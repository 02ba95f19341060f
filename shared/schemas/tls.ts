import { z } from 'zod'
import { timestamp } from './common'

/** How a node's agent and the brain speak, and by which right. */
export const nodeSecurity = z.object({
  /** `local`: in clear, and never off the brain's own machine. Null: not connected. */
  transport: z.enum(['plain', 'local', 'tls', 'mtls']).nullable(),
  /** The node's own certificate; null while it has none. `fingerprint` is its SHA-256. */
  certificate: z.object({ fingerprint: z.string(), issuedAt: timestamp, expiresAt: timestamp }).nullable(),
  /** Nobody is let in as this node. */
  revokedAt: timestamp.nullable(),
  /** Until then the node may come with its secret alone, for a new certificate. */
  regainUntil: timestamp.nullable(),
})
export type NodeSecurity = z.output<typeof nodeSecurity>

const root = z.object({ fingerprint: z.string(), expiresAt: timestamp })

/** How this brain is reached, and by which certificates. */
export const tlsStatus = z.object({
  /** The panel's port. `plain` beyond this machine, with no proxy that is known, is a warning. */
  panel: z.object({
    kind: z.enum(['plain', 'files', 'own']),
    /** In clear beyond this machine, and nobody said that this is wanted. */
    isExposed: z.boolean(),
    /** Behind a proxy that speaks TLS, as far as the settings say. */
    isBehindProxy: z.boolean(),
    certificate: z.object({ fingerprint: z.string(), names: z.string(), expiresAt: timestamp }).nullable(),
    /** Why what lies in the files now is not used. */
    fault: z.string().nullable(),
  }),
  agents: z.object({
    mode: z.enum(['off', 'on', 'required']),
    url: z.string().nullable(),
    /** Null while there is no authority. */
    authority: z.object({ current: root, previous: z.array(root.extend({ nodes: z.int() })) }).nullable(),
  }),
})
export type TlsStatus = z.output<typeof tlsStatus>

export const rotateAuthorityBody = z.strictObject({
  /** Its key may be in wrong hands: the former one is not trusted any more, and nodes out of reach must be let in again. */
  forgetFormer: z.boolean().optional(),
})
