import { z } from 'zod'
import { session, token, user, userDetail } from '../../shared/schemas/account'
import { actor, auditEntry, instanceEvent, reason } from '../../shared/schemas/event'
import {
  createInstanceBody,
  instance,
  instancePort,
  instanceState,
  layerRequest,
  lockedLayer,
  patchInstanceBody,
  placement,
  placementExplanation,
  portRequest,
} from '../../shared/schemas/instance'
import { indexEntry } from '../../shared/schemas/layer-index'
import { manifest } from '../../shared/schemas/manifest'
import { cachedLayer, node, nodeCache, patchNodeBody } from '../../shared/schemas/node'
import { operation } from '../../shared/schemas/operation'
import { registryLogin } from '../../shared/schemas/registry'
import { resources, runtimeSection } from '../../shared/schemas/runtime'
import { settingsView } from '../../shared/schemas/settings'
import { stackPreview } from '../../shared/schemas/stack'
import { problem, status } from '../../shared/schemas/status'
import { storeTest, storeView } from '../../shared/schemas/store'
import { templateSummary, templateVersionView, templateView } from '../../shared/schemas/template'
import { tlsStatus } from '../../shared/schemas/tls'
import { instanceLoad, instanceStats, nodeStats } from '../../shared/schemas/usage'

/** What the document calls by a name, once, wherever it occurs; everything else is written out in its place. */
const NOUNS: Record<string, z.ZodType> = {
  Actor: actor,
  AuditEntry: auditEntry,
  CachedLayer: cachedLayer,
  IndexEntry: indexEntry,
  Instance: instance,
  InstanceChange: patchInstanceBody,
  InstanceEvent: instanceEvent,
  InstanceLoad: instanceLoad,
  InstancePort: instancePort,
  InstanceState: instanceState,
  InstanceStats: instanceStats,
  InstanceWish: createInstanceBody,
  LayerRequest: layerRequest,
  LockedLayer: lockedLayer,
  Manifest: manifest,
  Node: node,
  NodeCache: nodeCache,
  NodeChange: patchNodeBody,
  NodeStats: nodeStats,
  Operation: operation,
  Placement: placement,
  PlacementExplanation: placementExplanation,
  PortRequest: portRequest,
  Problem: problem,
  Reason: reason,
  RegistryLogin: registryLogin,
  Resources: resources,
  RuntimeSection: runtimeSection,
  Session: session,
  Settings: settingsView,
  StackPreview: stackPreview,
  Status: status,
  StoreTest: storeTest,
  StoreView: storeView,
  Template: templateView,
  TemplateSummary: templateSummary,
  TemplateVersion: templateVersionView,
  TlsStatus: tlsStatus,
  Token: token,
  User: user,
  UserDetail: userDetail,
}

/** Once per process: a schema keeps its name. */
export function nameNouns(): void {
  for (const [id, schema] of Object.entries(NOUNS)) z.globalRegistry.add(schema, { ...schema.meta(), id })
}
