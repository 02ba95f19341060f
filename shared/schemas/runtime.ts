import { z } from 'zod'
import { portName, portNumber, protocol } from './common'

/** How a server is run. Every key is optional: the layers of a stack are merged key by key, last wins. */
const argument = z
  .string()
  .max(4_096)
  .refine(text => !text.includes('\0'), 'no NUL characters')

export const expose = z.enum(['public', 'private', 'none'])
export type Expose = z.output<typeof expose>

/** A port of a template: `container` left out means that the server listens on the port it is given. */
export const runtimePort = z.strictObject({
  name: portName,
  protocol,
  container: portNumber.optional(),
  expose: expose.default('public'),
})

export const readiness = z
  .strictObject({
    log: z.string().min(1).max(200).optional(),
    tcp: portName.optional(),
    http: portName.optional(),
    path: z.string().startsWith('/').max(500).optional(),
    timeoutSeconds: z.int().min(1).max(86_400).optional(),
  })
  .refine(value => [value.log, value.tcp, value.http].filter(Boolean).length <= 1, 'only one of log, tcp and http')
  .refine(value => !value.path || value.http, 'path goes with http')

/** Signals that can ask a server to stop. */
export const stopSignal = z.enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'])
export const stop = z.strictObject({
  input: z
    .string()
    .min(1)
    .max(200)
    .refine(text => !/[\r\n\0]/.test(text), 'one line')
    .optional(),
  signal: stopSignal.optional(),
  graceSeconds: z.int().min(0).max(3_600).optional(),
})

export const exitAction = z.enum(['restart', 'stop', 'crash'])
export const exitCodes = z.record(
  z.string().regex(/^(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/, 'an exit code from 0 to 255'),
  exitAction,
)
export const restartPolicy = z.enum(['on-failure', 'always', 'never'])
export type RestartPolicy = z.output<typeof restartPolicy>
export const restart = z.strictObject({ policy: restartPolicy })

export const resources = z.strictObject({
  memoryMb: z.int().min(16).max(4_194_304).optional(),
  cpus: z.number().min(0.05).max(1_024).optional(),
  pids: z.int().min(8).max(1_000_000).optional(),
  diskMb: z.int().min(16).max(1_073_741_824).optional(),
})
export type Resources = z.output<typeof resources>

/** The `runtime` section of `strata.yaml`. Strings may hold variables. */
export const runtimeSection = z.strictObject({
  image: z
    .string()
    .min(1)
    .max(500)
    .regex(/^[^\s\p{Cc}]+$/u, 'no white space')
    .optional(),
  command: z.array(argument).min(1).max(256).optional(),
  workdir: z
    .string()
    .regex(/^\/[^\0\n]{1,500}$/, 'an absolute path, not the root')
    .refine(path => !path.split('/').includes('..'), 'no .. in it')
    .optional(),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'not the name of an environment variable'), argument)
    .optional(),
  ports: z
    .array(runtimePort)
    .max(32)
    .refine(list => new Set(list.map(port => port.name)).size === list.length, 'two ports of one name')
    .optional(),
  ready: readiness.optional(),
  stop: stop.optional(),
  exitCodes: exitCodes.optional(),
  restart: restart.optional(),
  resources: resources.optional(),
})
export type RuntimeSection = z.output<typeof runtimeSection>
export type RuntimePort = z.output<typeof runtimePort>
export type Readiness = z.output<typeof readiness>

/** A merged runtime with its variables filled in and defaults given: what a node carries out. */
export const resolvedRuntime = z.strictObject({
  image: z.string().min(1),
  command: z.array(z.string()),
  workdir: z.string().startsWith('/'),
  env: z.record(z.string(), z.string()),
  ready: readiness,
  stop: z.strictObject({ input: z.string().optional(), signal: stopSignal, graceSeconds: z.int() }),
  exitCodes,
  restart,
  resources,
})
export type ResolvedRuntime = z.output<typeof resolvedRuntime>
