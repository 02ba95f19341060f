import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import { issuesOf } from '../../shared/schemas/issues'
import { resolvedRuntime, runtimeSection } from '../../shared/schemas/runtime'
import type { Resources, ResolvedRuntime, RestartPolicy, RuntimeSection } from '../../shared/schemas/runtime'
import { fillInText, scanPlaceholders } from './placeholders'

const JUDGED_AGAIN = runtimeSection.pick({ image: true, workdir: true, ready: true, stop: true })

export interface RuntimeOverrides {
  resources?: Resources
  restart?: { policy: RestartPolicy } | null
  /** Names of the instance's own ports; those of the layers unless said. */
  portNames?: readonly string[]
}

/**
 * What a node carries out: the merged section with its variables filled in, the instance's own wishes over it, and
 * the policy's defaults under it. Without a command the image's own is run.
 *
 * @throws AppError RUNTIME_INCOMPLETE when no layer names an image or `ready` names a port that is not there;
 *   VARIABLE_INVALID when a value makes something of the runtime invalid (a second line, a path with ..) or too long.
 */
export function resolveRuntime(
  merged: RuntimeSection,
  values: ReadonlyMap<string, string>,
  overrides: RuntimeOverrides = {},
): ResolvedRuntime {
  refuseIncomplete(merged, overrides)
  const filled = fillInSection(merged, values)
  return resolvedRuntime.parse({
    image: filled.image,
    command: filled.command ?? [],
    workdir: filled.workdir ?? POLICY.runtime.workdir,
    env: filled.env ?? {},
    ready: { timeoutSeconds: POLICY.ready.timeoutSeconds, ...filled.ready },
    stop: { signal: 'SIGTERM', graceSeconds: POLICY.stop.graceSeconds, ...filled.stop },
    exitCodes: filled.exitCodes ?? {},
    restart: overrides.restart ?? filled.restart ?? { policy: 'on-failure' },
    resources: resolveResources(filled.resources, overrides.resources),
  })
}

/** Memory and processes always have a limit; CPUs and disk only when somebody set one. */
export function resolveResources(
  ofLayers: Resources | undefined,
  ofInstance: Resources | undefined,
): Resources & { memoryMb: number; pids: number } {
  const { memoryMb, pids } = POLICY.limits
  return { memoryMb, pids, ...defined(ofLayers), ...defined(ofInstance) }
}

/** The places of a runtime that hold variables, with the names in each: `runtime.command[2]` → names. */
export function runtimePlaceholders(runtime: RuntimeSection): { at: string; names: string[] }[] {
  return texts(runtime)
    .map(([at, text]) => ({ at: `runtime.${at}`, names: scanPlaceholders(text) }))
    .filter(({ names }) => names.length > 0)
}

/** What is missing or contradicts itself, whatever the values are. */
export function findRuntimeGaps(
  merged: RuntimeSection,
  portNames?: readonly string[],
): { path: string; message: string }[] {
  const gaps: { path: string; message: string }[] = []
  if (merged.image === undefined) {
    gaps.push({ path: 'runtime.image', message: 'no layer names the image to run the server in' })
  }
  const names = portNames ?? merged.ports?.map(port => port.name) ?? []
  for (const kind of ['tcp', 'http'] as const) {
    const port = merged.ready?.[kind]
    if (port !== undefined && !names.includes(port)) {
      gaps.push({ path: `runtime.ready.${kind}`, message: `names the port ${port}, which does not exist` })
    }
  }
  return gaps
}

function refuseIncomplete(merged: RuntimeSection, { portNames }: RuntimeOverrides): void {
  const issues = findRuntimeGaps(merged, portNames)
  const [first] = issues
  if (!first) return
  throw new AppError('RUNTIME_INCOMPLETE', `${first.path}: ${first.message}. Add it to the strata.yaml of a layer.`, {
    issues,
  })
}

function fillInSection(merged: RuntimeSection, values: ReadonlyMap<string, string>): RuntimeSection {
  let left: number = POLICY.runtime.textBytes
  const fill = (text: string): string => {
    const filled = fillInText(text, name => values.get(name), left)
    left -= Buffer.byteLength(filled ?? '')
    if (filled !== undefined && left >= 0) return filled
    throw new AppError(
      'VARIABLE_INVALID',
      `Filled in, command, environment and the like take more than ${POLICY.runtime.textBytes} bytes together. Use shorter values.`,
    )
  }
  const filled = mapTexts(merged, fill)
  // Judged once more: a value may bring what the template itself was not allowed to write.
  const { image, workdir, ready, stop } = filled
  const checked = JUDGED_AGAIN.safeParse({ image, workdir, ready, stop })
  if (checked.success) return filled
  const issues = issuesOf(checked.error.issues).map(({ path, message }) => ({ path: `runtime.${path}`, message }))
  const [first] = issues
  throw new AppError(
    'VARIABLE_INVALID',
    `With its variables filled in, ${first?.path} is not valid any more: ${first?.message}. Give another value.`,
    { issues },
  )
}

/** The strings of a runtime that may hold variables, changed one by one. */
function mapTexts(runtime: RuntimeSection, change: (text: string, at: string) => string): RuntimeSection {
  const { image, command, workdir, env, ready, stop } = runtime
  return {
    ...runtime,
    ...(image === undefined ? {} : { image: change(image, 'image') }),
    ...(command === undefined ? {} : { command: command.map((argument, at) => change(argument, `command[${at}]`)) }),
    ...(workdir === undefined ? {} : { workdir: change(workdir, 'workdir') }),
    ...(env === undefined ? {} : { env: mapValues(env, (text, name) => change(text, `env.${name}`)) }),
    ...(ready === undefined
      ? {}
      : { ready: mapKeys(ready, ['log', 'path'], (text, key) => change(text, `ready.${key}`)) }),
    ...(stop === undefined ? {} : { stop: mapKeys(stop, ['input'], (text, key) => change(text, `stop.${key}`)) }),
  }
}

function texts(runtime: RuntimeSection): [at: string, text: string][] {
  const found: [string, string][] = []
  mapTexts(runtime, (text, at) => {
    found.push([at, text])
    return text
  })
  return found
}

function mapValues(
  map: Record<string, string>,
  change: (text: string, name: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([name, text]) => [name, change(text, name)]))
}

function mapKeys<Section extends Partial<Record<Key, string | undefined>>, Key extends keyof Section & string>(
  section: Section,
  keys: readonly Key[],
  change: (text: string, key: Key) => string,
): Section {
  const changed = { ...section }
  for (const key of keys) {
    const text = section[key]
    if (text !== undefined) Object.assign(changed, { [key]: change(text, key) })
  }
  return changed
}

function defined(resources: Resources | undefined): Resources {
  return Object.fromEntries(Object.entries(resources ?? {}).filter(([, value]) => value !== undefined))
}
