import { createInstanceBody, MASKED, type CreateInstance, type PortRequest } from '../../shared/schemas/instance'
import type { Expose, RestartPolicy } from '../../shared/schemas/runtime'
import type { PreviewVariable, StackPreview } from '../../shared/schemas/stack'
import { isBuiltinVariable } from '../../shared/domain/builtin-variables'
import type { ErrorIssue } from '../../shared/errors'

/** A server that is being put together. Empty fields mean what the layers say, or what the brain chooses. */
export interface InstanceDraft {
  name: string
  description: string
  environment: string
  /** In order, first at the bottom. Without a version: the one that `latest` names when it is created. */
  layers: DraftLayer[]
  variables: Record<string, string>
  /** Changes to the ports of the layers, by name. */
  ports: Record<string, DraftPort>
  /** Ports that the layers do not name. */
  extraPorts: PortRequest[]
  resources: { memoryMb?: number; cpus?: number; pids?: number; diskMb?: number }
  restart: RestartPolicy | undefined
  placement: { node: string | undefined; region: string | undefined; tags: string[]; labels: string[] }
  persistent: boolean
  start: boolean
}

interface DraftPort extends Partial<Pick<PortRequest, 'protocol' | 'container'>> {
  host: number | undefined
  expose: Expose | undefined
}

export interface DraftLayer {
  /** Stays with the layer while it is moved. */
  key: number
  template: string
  version: string | undefined
  /** Instead of a version: the one that this tag names when it is saved. */
  tag?: string
}

export function emptyDraft(): InstanceDraft {
  return {
    name: '',
    description: '',
    environment: '',
    layers: [],
    variables: {},
    ports: {},
    extraPorts: [],
    resources: {},
    restart: undefined,
    placement: { node: undefined, region: undefined, tags: [], labels: [] },
    persistent: true,
    start: true,
  }
}

/** Layers as the API wants them. */
export function layerRequestsOf(draft: Pick<InstanceDraft, 'layers'>) {
  return draft.layers.map(({ template, version, tag }) => ({
    template,
    ...(version ? { version } : tag ? { tag } : {}),
  }))
}

/** Where it may run, as the API wants it; undefined for anywhere. */
export function placementOf({ placement }: Pick<InstanceDraft, 'placement'>): CreateInstance['placement'] {
  const { node, region, tags, labels } = placement
  if (!node && !region && !tags.length && !labels.length) return undefined
  return {
    ...(node ? { node } : {}),
    ...(region ? { region } : {}),
    ...(tags.length ? { tags: [...tags] } : {}),
    ...(labels.length ? { labels: Object.fromEntries(labels.map(pair => pair.split('=', 2))) } : {}),
  }
}

/** Limits that were chosen; those left open are the layers'. */
export function resourcesOf(draft: Pick<InstanceDraft, 'resources'>): NonNullable<CreateInstance['resources']> {
  return Object.fromEntries(
    Object.entries(draft.resources).filter(([, value]) => value !== undefined && value !== null),
  )
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
    Object.entries(draft.variables).filter(
      ([name, value]) => value !== '' && (!preview || known.has(name) || isBuiltinVariable(name)),
    ),
  )
}

/** The request that creates the draft. Ports are sent whole when one of them was changed. */
export function bodyOf(draft: InstanceDraft, preview: StackPreview | undefined): CreateInstance {
  const ports = portsOf(draft, preview)
  const resources = resourcesOf(draft)
  const placement = placementOf(draft)
  return {
    name: draft.name.trim(),
    ...(draft.description ? { description: draft.description } : {}),
    layers: layerRequestsOf(draft),
    variables: variablesOf(draft, preview),
    ...(ports ? { ports } : {}),
    ...(Object.keys(resources).length ? { resources } : {}),
    ...(draft.restart ? { restart: { policy: draft.restart } } : {}),
    ...(draft.environment ? { environment: draft.environment } : {}),
    ...(placement ? { placement } : {}),
    persistent: draft.persistent,
    desired: draft.start ? 'running' : 'stopped',
  }
}

/** All ports when one of them differs from what the layers say, else undefined. */
export function portsOf(
  draft: Pick<InstanceDraft, 'ports' | 'extraPorts'>,
  preview: StackPreview | undefined,
): CreateInstance['ports'] {
  const declared = preview?.runtime.ports ?? []
  const changed = (name: string) => Object.values(draft.ports[name] ?? {}).some(value => value !== undefined)
  const extra = draft.extraPorts.filter(({ name }) => !declared.some(port => port.name === name))
  if (!extra.length && !declared.some(({ name }) => changed(name))) return undefined
  const ofLayers = declared.map(({ name, ...port }) => {
    const change = draft.ports[name]
    const container = change?.container ?? port.container
    return {
      name,
      protocol: change?.protocol ?? port.protocol,
      ...(container !== undefined ? { container } : {}),
      ...(change?.host ? { host: change.host } : {}),
      expose: change?.expose ?? port.expose,
    }
  })
  return [...ofLayers, ...extra]
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
    if (value === '' && isNeeded(variable)) issues.push({ path, message: say('required', { name: variable.name }) })
    else if (
      value !== '' &&
      value !== MASKED &&
      variable.pattern !== null &&
      !matchesPattern(value, variable.pattern)
    ) {
      issues.push({ path, message: say('pattern', { pattern: variable.pattern }) })
    }
  }
  return issues
}

/** True when somebody must give it a value: no layer and no place of the server does. */
export function isNeeded({ required, default: byDefault, inherited }: PreviewVariable): boolean {
  return required && byDefault === null && inherited === null
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
