import { homedir, hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { logEnvironment, logFileOf } from '../core/log/log-settings'
import { AppError } from '../shared/errors'
import { displayName, label, sha256 } from '../shared/schemas/common'
import { labelMap, publicAddress, runtimeKind } from '../shared/schemas/node'

const UNITS: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

/** `512m`, `2g` … in bytes; without a letter bytes. */
const bytes = z
  .string()
  .regex(/^\d+(?:\.\d+)?[kmgt]?$/i, 'a size such as 512m or 20g')
  .transform(text => Math.round(Number.parseFloat(text) * (UNITS[text.replace(/[\d.]/g, '').toLowerCase()] ?? 1)))

const port = z.int().min(1024, 'ports below 1024 are the system’s').max(65_535)
const portRange = z
  .string()
  .regex(/^\d+-\d+$/, 'a range such as 25000-25999')
  .transform(text => {
    const [from, to] = text.split('-').map(Number)
    return { from, to }
  })
  .pipe(z.object({ from: port, to: port }))
  .refine(range => range.from <= range.to, 'the first port is above the last')

/** What is kept for the host: `memory=1g,cpus=0.5,disk=10g`, each part optional. */
const reserve = z
  .string()
  .transform(
    text => Object.fromEntries(text.split(',').map(part => part.split('=').map(side => side.trim()))) as unknown,
  )
  .pipe(z.strictObject({ memory: bytes.optional(), cpus: z.coerce.number().min(0).optional(), disk: bytes.optional() }))

const owner = z
  .string()
  .regex(/^\d+:\d+$/, 'numbers, as in 1000:1000')
  .transform(text => {
    const [uid = 0, gid = 0] = text.split(':').map(Number)
    return { uid, gid }
  })
  .refine(user => user.uid > 0 && user.gid > 0, 'servers never run as user or group 0')

const brainUrl = z.url({ protocol: /^https?$/, error: 'an address that begins with http:// or https://' })
const binds = z
  .string()
  .transform(list)
  .pipe(
    z
      .array(z.union([z.ipv4(), z.ipv6()], 'IP addresses, separated by commas'))
      .min(1)
      .max(8),
  )
  .transform(withBothFamilies)
const labelPairs = z
  .string()
  .transform(text => list(text).map(pair => pair.split('=', 2)))
  .pipe(z.array(z.tuple([z.string(), z.string()], 'pairs such as disk=ssd,zone=a')))
  .transform(pairs => Object.fromEntries(pairs))
  .pipe(labelMap)
const tags = z.string().transform(list).pipe(z.array(label).max(32))

/** `a, b,` as `[a, b]`. */
function list(text: string): string[] {
  return text
    .split(',')
    .map(part => part.trim())
    .filter(Boolean)
}

/** `::` means every address, as Linux itself takes it: IPv4 as well. Docker binds only what it is told. */
function withBothFamilies(addresses: string[]): string[] {
  return [...new Set(addresses.includes('::') ? ['0.0.0.0', ...addresses] : addresses)]
}

const environment = z.object({
  STRATA_BRAIN_URL: brainUrl.default('http://127.0.0.1:3000'),
  STRATA_BRAIN_CA: z.string().optional(),
  STRATA_BRAIN_CA_SHA256: sha256.optional(),
  STRATA_JOIN_TOKEN: z.string().min(20, 'too short to be a join token').max(200).optional(),
  STRATA_NODE_NAME: displayName.default(hostname()),
  STRATA_NODE_DATA_DIR: z.string().optional(),
  STRATA_NODE_REGION: label.optional(),
  STRATA_NODE_TAGS: tags.default([]),
  STRATA_NODE_PORTS: portRange.default({ from: 25_000, to: 25_999 }),
  STRATA_NODE_LABELS: labelPairs.default({}),
  STRATA_NODE_ADDRESS: publicAddress.optional(),
  STRATA_NODE_PUBLIC_BIND: binds.default(['0.0.0.0']),
  STRATA_NODE_PRIVATE_BIND: binds.default(['127.0.0.1']),
  STRATA_NODE_MAX_INSTANCES: z.string().regex(/^\d+$/, 'a whole number').transform(Number).optional(),
  STRATA_NODE_RESERVE: reserve.default({}),
  STRATA_NODE_UID: owner.default({ uid: 1000, gid: 1000 }),
  STRATA_RUNTIME: runtimeKind.default('docker'),
  STRATA_LAYOUT: z.enum(['auto', 'overlay', 'copy']).default('auto'),
  STRATA_CACHE_LIMIT_BYTES: bytes.optional(),
  STRATA_ALLOW_HTTP: z.enum(['on', 'off']).default('off'),
  STRATA_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  ...logEnvironment,
  DOCKER_HOST: z
    .string()
    .regex(/^(?:unix|tcp|https?):\/\/\S+$/, 'an address such as unix:///var/run/docker.sock')
    .optional(),
})

/** Every variable that the agent reads, by name. */
export const AGENT_SETTING_NAMES = Object.keys(environment.shape)

const MIB = 1024 ** 2

interface SettingFault {
  path: string
  message: string
}

/** What is right in itself and wrong all the same: where Docker and the brain are. */
function faultsOfPlaces(env: Record<string, string | undefined>): SettingFault[] {
  const faults: SettingFault[] = []
  const engine = /^(?:tcp|https?):\/\/(\[[^\]]+\]|[^:/]+)/.exec(env.DOCKER_HOST ?? '')?.[1]
  if (engine && !isLoopback(engine))
    faults.push({
      path: 'DOCKER_HOST',
      message: `Docker on another machine (${engine}) cannot be used: it mounts files that the agent lays out on its own. Run the agent on that machine`,
    })
  const url = URL.parse(env.STRATA_BRAIN_URL ?? '')
  if (url?.protocol === 'http:' && !isLoopback(url.hostname) && env.STRATA_ALLOW_HTTP !== 'on')
    faults.push({
      path: 'STRATA_BRAIN_URL',
      message:
        'plain HTTP to another machine lets anybody on the way take over this node. Use https://, or set STRATA_ALLOW_HTTP=on in a network that you trust',
    })
  return faults
}

/**
 * The agent's settings, from its environment. Empty values count as not given. BAD_REQUEST lists every fault at once, by the
 * name of its variable.
 *
 * @param host who runs the agent: without root, servers run as the agent's own user
 */
export function readSettings(env: NodeJS.ProcessEnv, host: { uid: number; gid: number; home: string } = currentUser()) {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  )
  const parsed = environment.safeParse(given)
  const single = parsed.error?.issues ?? []
  const issues = [
    ...single.map(({ path, message }): SettingFault => ({ path: String(path[0] ?? ''), message })),
    ...faultsOfPlaces(given),
  ]
  if (!parsed.success || issues.length > 0) {
    const list = issues.map(issue => `  ${issue.path}: ${issue.message}`).join('\n')
    throw new AppError('BAD_REQUEST', `The agent's settings are not right:\n${list}`, { issues })
  }
  const values = parsed.data
  const isRoot = host.uid === 0
  return {
    brainUrl: values.STRATA_BRAIN_URL.replace(/\/+$/, ''),
    /** A file of roots to trust beside those of the machine. */
    brainCa: values.STRATA_BRAIN_CA === undefined ? null : resolve(values.STRATA_BRAIN_CA),
    /** The brain's own root, by its checksum. */
    brainCaSha256: values.STRATA_BRAIN_CA_SHA256 ?? null,
    joinToken: values.STRATA_JOIN_TOKEN ?? null,
    nodeName: values.STRATA_NODE_NAME,
    dataDir: resolve(values.STRATA_NODE_DATA_DIR ?? defaultDataDir(values.STRATA_NODE_NAME, isRoot, host.home)),
    region: values.STRATA_NODE_REGION ?? null,
    tags: values.STRATA_NODE_TAGS,
    labels: values.STRATA_NODE_LABELS,
    ports: values.STRATA_NODE_PORTS,
    /** null: found out from the network cards. */
    address: values.STRATA_NODE_ADDRESS ?? null,
    /** Addresses of this machine, at least one. */
    publicBind: values.STRATA_NODE_PUBLIC_BIND,
    privateBind: values.STRATA_NODE_PRIVATE_BIND,
    maxInstances: values.STRATA_NODE_MAX_INSTANCES ?? null,
    reserve: {
      memoryBytes: values.STRATA_NODE_RESERVE.memory ?? 512 * MIB,
      cpus: values.STRATA_NODE_RESERVE.cpus ?? 0,
      diskBytes: values.STRATA_NODE_RESERVE.disk ?? 1024 * MIB,
    },
    /** Who owns layers and own files, and runs servers. */
    owner: isRoot ? values.STRATA_NODE_UID : { uid: host.uid, gid: host.gid },
    isRoot,
    runtime: values.STRATA_RUNTIME,
    layout: values.STRATA_LAYOUT,
    cacheLimitBytes: values.STRATA_CACHE_LIMIT_BYTES ?? null,
    logLevel: values.STRATA_LOG_LEVEL,
    /** null: standard output. */
    logFile: logFileOf(values, process.cwd()),
    dockerHost: values.DOCKER_HOST ?? 'unix:///var/run/docker.sock',
  }
}
export type AgentSettings = ReturnType<typeof readSettings>

/**
 * A folder per node name, so that two agents on one machine do not meet. Not in root's home: servers run as another user, who must
 * be able to walk there.
 */
function defaultDataDir(nodeName: string, isRoot: boolean, home: string): string {
  const folder =
    nodeName
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'node'
  return isRoot ? join('/var/lib/strata/nodes', folder) : join(home, '.local/share/strata/nodes', folder)
}

function currentUser() {
  return { uid: process.getuid?.() ?? 1000, gid: process.getgid?.() ?? 1000, home: homedir() }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
