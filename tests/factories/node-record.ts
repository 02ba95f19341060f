import type { NodeRecord } from '../../server/domain/node-record'

/** A node that was added and never joined. */
export function makeNode(over: Partial<NodeRecord> = {}): NodeRecord {
  return {
    id: 'n1',
    name: 'one',
    region: null,
    tags: [],
    labels: {},
    overrides: {},
    observedAddress: null,
    devMode: false,
    schedulable: true,
    local: false,
    secretHash: null,
    pendingSecretHash: null,
    joinTokenHash: null,
    joinTokenExpiresAt: null,
    certificate: null,
    accessRevokedAt: null,
    certificatesSince: null,
    regainUntil: null,
    specs: null,
    joinedAt: null,
    lastSeenAt: null,
    createdAt: 0,
    ...over,
  }
}
