import { z } from 'zod'
import { WELCOME } from './agent'

/**
 * What agents of protocol 1 understand of the brain, frozen: this file changes only when the number goes up, and then as a whole.
 * Values are not judged again; what these agents do not know is left out, because they refuse it.
 */

const command = z.object({ commandId: z.string(), instanceId: z.string(), generation: z.int() })
const layer = z.object({
  template: z.string(),
  version: z.string(),
  type: z.string(),
  sha256: z.string(),
  sizeBytes: z.int(),
})
const port = z.object({
  name: z.string(),
  protocol: z.string(),
  container: z.int().nullable(),
  host: z.int().nullable(),
  expose: z.string(),
  fixed: z.boolean(),
})
const runtime = z.object({
  image: z.string(),
  command: z.array(z.string()),
  workdir: z.string(),
  env: z.record(z.string(), z.string()),
  ready: z.object({
    log: z.string().optional(),
    tcp: z.string().optional(),
    http: z.string().optional(),
    path: z.string().optional(),
    timeoutSeconds: z.int().optional(),
  }),
  stop: z.object({ input: z.string().optional(), signal: z.string(), graceSeconds: z.int() }),
  exitCodes: z.record(z.string(), z.string()),
  restart: z.object({ policy: z.string() }),
  resources: z.object({
    memoryMb: z.number().optional(),
    cpus: z.number().optional(),
    pids: z.number().optional(),
    diskMb: z.number().optional(),
  }),
})
const spec = z.object({
  id: z.string(),
  name: z.string(),
  layers: z.array(layer),
  variables: z.record(z.string(), z.string()),
  builtins: z.record(z.string(), z.string()),
  runtime,
  ports: z.array(port),
  persistent: z.boolean(),
  allowProcessFallback: z.boolean(),
})
const settings = z.object({
  devMode: z.boolean(),
  name: z.string(),
  region: z.string().nullable(),
  tags: z.array(z.string()),
})
const ofInstance = z.object({ instanceId: z.string() })
const nothing = z.object({})

const messages = new Map<string, z.ZodType>([
  [WELCOME, z.object({ nodeId: z.string(), secret: z.string().nullable(), settings })],
  ['instance.prepare', command.extend({ spec })],
  ['instance.start', command],
  ['instance.stop', command],
  ['instance.kill', command],
  ['instance.destroy', command],
  ['instance.input', ofInstance.extend({ commandId: z.string(), line: z.string() })],
  ['instance.watch', ofInstance],
  ['instance.unwatch', ofInstance],
  ['instance.logs', ofInstance.extend({ tail: z.int(), runId: z.string().optional() })],
  ['cache.list', nothing],
  [
    'cache.purge',
    z.object({ layers: z.array(z.object({ template: z.string(), version: z.string().optional() })).optional() }),
  ],
  ['node.ping', nothing],
  ['node.configure', settings],
  ['node.resync', nothing],
])

/** A message as agents of the protocol before read it; undefined when they know none of this name. */
export function inPreviousProtocol(name: string, payload: unknown): unknown {
  return messages.get(name)?.parse(payload)
}
