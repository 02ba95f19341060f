import type { Database } from '../client'
import { createAuditStore } from './audit'
import { createIdempotencyStore } from './idempotency'
import { createInstanceStore } from './instances'
import { createNodeStore } from './nodes'
import { createOperationStore } from './operations'
import { createRegistryLoginStore } from './registries'
import { createScopeVariableStore } from './scope-variables'
import { createSecretStore } from './secrets'
import { createSessionStore } from './sessions'
import { createTemplateStore } from './templates'
import { createTokenStore } from './tokens'
import { createTotpStore } from './totp'
import { createUserStore } from './users'

/** Everything that the services keep in the database, by the ports that they know. */
export function createStores(db: Database) {
  return {
    audit: createAuditStore(db),
    idempotency: createIdempotencyStore(db),
    instances: createInstanceStore(db),
    nodes: createNodeStore(db),
    operations: createOperationStore(db),
    registryLogins: createRegistryLoginStore(db),
    scopeVariables: createScopeVariableStore(db),
    secrets: createSecretStore(db),
    sessions: createSessionStore(db),
    templates: createTemplateStore(db),
    tokens: createTokenStore(db),
    totp: createTotpStore(db),
    users: createUserStore(db),
  }
}
