import { createInstanceBody, type CreateInstance } from '../../shared/schemas/instance'
import type { Expose, RestartPolicy } from '../../shared/schemas/runtime'
import type { StackPreview } from '../../shared/schemas/stack'
import type { ErrorIssue } from '../../shared/errors'

/** A server that is being put together. Empty fields mean what the layers say, or what the brain chooses. */
export interface InstanceDraft {
  name: string
  description: string
  /** In order, first at the bottom. Without a version: the one that `latest` names when it is created. */
  layers: DraftLayer[]
  variables: Record<string, string>
  /** Changes to the ports of the layers, by name. */
  ports: Record<string, { host: number | undefined; expose: Expose | undefined }>
  resources: { memoryMb?: number; cpus?: number; pids?: number; diskMb?: number }
  restart: RestartPolicy | undefined
  placement: { node: string | undefined; region: string | undefined; tags: string[]; labels: string[] }
  persistent: boolean
  start: boolean
}

export interface DraftLayer {
  /** Stays with the layer while it is moved. */
  key: number
  template: string
  version: string | undefined
}

export function emptyDraft(): InstanceDraft {
  return {
    name: '',
    description: '',
    layers: [],
    variables: {},
    ports: {},
    resources: {},
    restart: undefined,
    placement: { node: undefined, region: undefined, tags: [], labels: [] },
    persistent: true,
    start: true,
  }
}

/** Layers as the API wants them. */
export function layerRequestsOf(draft: Pick<InstanceDraft, 'layers'>) {
  return draft.layers.map(({ template, version }) => (version ? { template, version } : { template }))
}

/** False while a preview is still that of other layers, or of the same in another order. */
export function isPreviewOf(preview: StackPreview, draft: Pick<InstanceDraft, 'layers'>): boolean {
  return (
    preview.layers.length === draft.layers.length &&
    draft.layers.every(({ template, version }, position) => {
      const shown = preview.layers[position]
      return shown?.template === template && (version === undefined || shown.version === version)
    })
  )
}

/** Variables that have a value and that the stack knows; what was typed for a layer that was taken out again stays unsent. */
export function variablesOf(
  draft: Pick<InstanceDraft, 'variables'>,
  preview: StackPreview | undefined,
): Record<string, string> {
  const known = new Set(preview?.variables.map(variable => variable.name))
  return Object.fromEntries(
    Object.entries(draft.variables).filter(([name, value]) => value !== '' && (!preview || known.has(name))),
  )
}

/** The request that creates the draft. Ports are sent whole when one of them was changed. */
export function bodyOf(draft: InstanceDraft, preview: StackPreview | undefined): CreateInstance {
  const { node, region, tags, labels } = draft.placement
  const ports = portsOf(draft, preview)
  const resources = Object.fromEntries(
    Object.entries(draft.resources).filter(([, value]) => value !== undefined && value !== null),
  )
  return {
    name: draft.name.trim(),
    ...(draft.description ? { description: draft.description } : {}),
    layers: layerRequestsOf(draft),
    variables: variablesOf(draft, preview),
    ...(ports ? { ports } : {}),
    ...(Object.keys(resources).length ? { resources } : {}),
    ...(draft.restart ? { restart: { policy: draft.restart } } : {}),
    ...(node || region || tags.length || labels.length
      ? {
          placement: {
            ...(node ? { node } : {}),
            ...(region ? { region } : {}),
            ...(tags.length ? { tags: [...tags] } : {}),
            ...(labels.length ? { labels: Object.fromEntries(labels.map(pair => pair.split('=', 2))) } : {}),
          },
        }
      : {}),
    persistent: draft.persistent,
    desired: draft.start ? 'running' : 'stopped',
  }
}

function portsOf(draft: InstanceDraft, preview: StackPreview | undefined): CreateInstance['ports'] {
  const declared = preview?.runtime.ports ?? []
  const isChanged = declared.some(
    ({ name }) => draft.ports[name]?.host !== undefined || draft.ports[name]?.expose !== undefined,
  )
  if (!isChanged) return undefined
  return declared.map(({ name, protocol, container, expose }) => {
    const change = draft.ports[name]
    return {
      name,
      protocol,
      ...(container !== undefined ? { container } : {}),
      ...(change?.host ? { host: change.host } : {}),
      expose: change?.expose ?? expose,
    }
  })
}

/** What is wrong with a draft before it is sent, at the paths the API uses. `say` puts a fault into words. */
export function faultsOf(
  draft: InstanceDraft,
  preview: StackPreview | undefined,
  say: (fault: 'required' | 'pattern', values: Record<string, string>) => string,
): ErrorIssue[] {
  const parsed = createInstanceBody.safeParse(bodyOf(draft, preview))
  const issues = parsed.success
    ? []
    : parsed.error.issues.map(issue => ({ path: issue.path.join('.'), message: issue.message }))
  for (const variable of preview?.variables ?? []) {
    const value = draft.variables[variable.name] ?? ''
    const path = `variables.${variable.name}`
    if (value === '' && variable.required && variable.default === null)
      issues.push({ path, message: say('required', { name: variable.name }) })
    else if (value !== '' && variable.pattern !== null && !matchesPattern(value, variable.pattern)) {
      issues.push({ path, message: say('pattern', { pattern: variable.pattern }) })
    }
  }
  return issues
}

/** A pattern that this browser cannot read is left to the brain. */
function matchesPattern(value: string, pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(value)
  } catch {
    return true
  }
}

/** The same list with one item at another place. */
export function moved<Item>(items: readonly Item[], from: number, to: number): Item[] {
  const next = [...items]
  const [item] = next.splice(from, 1)
  if (item !== undefined) next.splice(Math.max(0, Math.min(next.length, to)), 0, item)
  return next
}
