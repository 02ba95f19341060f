import { POLICY } from '../../shared/domain/policy'
import { MASKED, type Instance, type PatchInstance } from '../../shared/schemas/instance'
import type { Resources, RuntimeSection } from '../../shared/schemas/runtime'
import type { StackPreview } from '../../shared/schemas/stack'
import {
  emptyDraft,
  layerRequestsOf,
  placementOf,
  portsOf,
  resourcesOf,
  variablesOf,
  type InstanceDraft,
} from './draft'

/** Everything of a server that can be edited, as the API names it. */
const EDITED_FIELDS = [
  'name',
  'description',
  'environment',
  'layers',
  'variables',
  'ports',
  'resources',
  'restart',
  'placement',
  'persistent',
] as const
type EditedField = (typeof EDITED_FIELDS)[number]

/** These change what is known of the server, and nothing that runs. */
const BESIDE_THE_SERVER: readonly EditedField[] = ['description', 'placement']

export interface EditChange {
  field: EditedField
  before: string
  after: string
}

/** An existing server as a draft. `runtime` is what its layers say: only what differs from that is the server's own. */
export function draftOf(instance: Instance, runtime: RuntimeSection): InstanceDraft {
  const { region, tags = [], labels = {}, node } = instance.placement
  const ofLayers: Resources = { ...POLICY.limits, ...runtime.resources }
  const declared = new Map(runtime.ports?.map(port => [port.name, port]))
  return {
    ...emptyDraft(),
    name: instance.name,
    description: instance.description,
    environment: instance.environment ?? '',
    layers: instance.layers.map(({ template, version }, key) => ({ key, template, version })),
    variables: { ...instance.variables },
    ports: Object.fromEntries(
      instance.ports.flatMap(port => {
        const base = declared.get(port.name)
        if (!base) return []
        const change = {
          host: port.fixed ? (port.host ?? undefined) : undefined,
          expose: port.expose === base.expose ? undefined : port.expose,
          protocol: port.protocol === base.protocol ? undefined : port.protocol,
          container: port.container === (base.container ?? null) ? undefined : (port.container ?? undefined),
        }
        return Object.values(change).some(value => value !== undefined) ? [[port.name, change]] : []
      }),
    ),
    extraPorts: instance.ports
      .filter(({ name }) => !declared.has(name))
      .map(({ name, protocol, container, host, expose, fixed }) => ({
        name,
        protocol,
        ...(container === null ? {} : { container }),
        ...(fixed && host !== null ? { host } : {}),
        expose,
      })),
    resources: Object.fromEntries(
      Object.entries(instance.resources).filter(([key, value]) => ofLayers[key as keyof Resources] !== value),
    ),
    restart: instance.restart?.policy,
    placement: {
      node,
      region,
      tags: [...tags],
      labels: Object.entries(labels).map(([key, value]) => `${key}=${value}`),
    },
    persistent: instance.persistent,
  }
}

/** The whole of what a draft wants, field by field. */
function wanted(draft: InstanceDraft, preview: StackPreview | undefined): Required<Omit<PatchInstance, 'desired'>> {
  const { node: _fixed, ...placement } = placementOf(draft) ?? {}
  return {
    name: draft.name.trim(),
    description: draft.description,
    environment: draft.environment || null,
    layers: layerRequestsOf(draft),
    variables: variablesOf(draft, preview),
    ports: portsOf(draft, preview) ?? [],
    resources: resourcesOf(draft),
    restart: draft.restart ? { policy: draft.restart } : null,
    placement,
    persistent: draft.persistent,
  }
}

/** The same text for the same value, whatever the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  )
}

/** What must be sent so that `before` becomes `draft`: only the fields that differ. Each is worked out with the preview of its own layers. */
export function patchOf(
  before: InstanceDraft,
  ofBefore: StackPreview | undefined,
  draft: InstanceDraft,
  ofDraft: StackPreview | undefined,
): PatchInstance {
  const old = wanted(before, ofBefore)
  const next = wanted(draft, ofDraft)
  return Object.fromEntries(
    EDITED_FIELDS.flatMap(field => (canonical(old[field]) === canonical(next[field]) ? [] : [[field, next[field]]])),
  )
}

/** True when a running server notices nothing of it, not even at its next start. */
export function isBesideTheServer(patch: PatchInstance): boolean {
  return Object.keys(patch).every(field => BESIDE_THE_SERVER.some(beside => beside === field))
}

/** What differs, in words of the values; secrets stay what they are. */
export function changesOf(
  before: InstanceDraft,
  ofBefore: StackPreview | undefined,
  draft: InstanceDraft,
  ofDraft: StackPreview | undefined,
  secrets: ReadonlySet<string>,
): EditChange[] {
  const old = wanted(before, ofBefore)
  const next = wanted(draft, ofDraft)
  const changed = Object.keys(patchOf(before, ofBefore, draft, ofDraft)) as EditedField[]
  return changed.flatMap((field): EditChange[] => {
    if (field !== 'variables') return [{ field, before: inWords(old[field]), after: inWords(next[field]) }]
    const names = [...new Set([...Object.keys(old.variables), ...Object.keys(next.variables)])].sort()
    return names
      .filter(name => old.variables[name] !== next.variables[name])
      .map(name => {
        const show = (value: string | undefined) =>
          `${name}=${value === undefined ? '' : secrets.has(name) || value === MASKED ? MASKED : value}`
        return { field, before: show(old.variables[name]), after: show(next.variables[name]) }
      })
  })
}

function inWords(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(inWords).join(' + ')
  if (typeof value !== 'object') return String(value)
  const { template, version, tag, policy, ...rest } = value as Record<string, unknown>
  if (typeof template === 'string') return `${template}@${String(version ?? tag ?? 'latest')}`
  if (typeof policy === 'string') return policy
  return Object.entries(rest)
    .map(([key, part]) => (key === 'name' ? String(part) : `${key} ${inWords(part)}`))
    .join(' ')
}

/** What makes an existing server what it is: two with the same text differ in nothing that can be edited. */
export function definitionOf(instance: Instance): string {
  const { name, description, environment, variables, resources, restart, placement, persistent } = instance
  const layers = instance.layers.map(({ template, version }) => `${template}@${version}`)
  const ports = instance.ports.map(({ host, ...port }) => ({ ...port, host: port.fixed ? host : null }))
  return canonical({
    name,
    description,
    environment,
    layers,
    variables,
    ports,
    resources,
    restart,
    placement,
    persistent,
  })
}

/** Keys of a draft that stand for one edited field. */
const DRAFT_KEYS = [
  'name',
  'description',
  'environment',
  'layers',
  'variables',
  'ports',
  'extraPorts',
  'resources',
  'restart',
  'placement',
  'persistent',
] as const satisfies readonly (keyof InstanceDraft)[]

/**
 * What was typed, laid over what somebody else saved meanwhile: whatever was left alone here takes their value, whatever
 * was changed here keeps the one that was typed. Variables are merged one by one.
 */
export function rebased(before: InstanceDraft, draft: InstanceDraft, theirs: InstanceDraft): InstanceDraft {
  const isMine = (key: (typeof DRAFT_KEYS)[number]) => canonical(before[key]) !== canonical(draft[key])
  const mine = Object.fromEntries(DRAFT_KEYS.filter(isMine).map(key => [key, draft[key]]))
  const names = new Set([...Object.keys(theirs.variables), ...Object.keys(draft.variables)])
  const variables = Object.fromEntries(
    [...names].flatMap(name => {
      const source = before.variables[name] === draft.variables[name] ? theirs : draft
      const value = source.variables[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
  return structuredClone({ ...theirs, ...mine, variables })
}
