import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { z } from 'zod'
import { POLICY } from '../../shared/domain/policy'
import type { LogFile } from '../../core/log/log-output'
import { logEnvironment, logFileOf } from '../../core/log/log-settings'
import { newPassword, username } from '../../shared/schemas/account'
import { faultsOfTls, tlsEnvironment, tlsSettings, type TlsSettings } from './settings-tls'
import { httpUrl, onOff, portNumber } from './settings-values'
import type { S3Place } from '../store/s3-place'
import { findS3Faults, s3Environment, toS3Place } from './settings-s3'
import { oidcEnvironment, oidcFaults, toOidcSettings } from './settings-oidc'
import type { OidcSettings } from './settings-oidc'
import { VERSION } from './version'

export const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
export type LogLevel = z.output<typeof logLevel>

/** Addresses and ranges (`10.0.0.0/8`), separated by commas; `loopback` stands for this machine. */
const proxies = z.string().transform((text, context) => {
  const list = text
    .split(',')
    .map(part => part.trim())
    .filter(Boolean)
    .flatMap(part => (part === 'loopback' ? ['127.0.0.0/8', '::1'] : [part]))
  for (const entry of list) {
    const [address = '', bits, rest] = entry.split('/')
    const family = isIP(address)
    const bitsFit = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
    if (!family || !bitsFit || rest !== undefined)
      context.addIssue(`"${entry}" is not an IP address or range such as 10.0.0.0/8`)
  }
  return list
})

const TOTP_REQUIRED = ['none', 'admins', 'all'] as const

/** The environment of the brain, by the names of the documentation. An empty variable counts as not set. */
const environment = z.object({
  ...tlsEnvironment,
  STRATA_HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:-]+$/, 'must be an address to listen on, such as 127.0.0.1 or 0.0.0.0')
    .default('127.0.0.1'),
  STRATA_PORT: portNumber.default(3000),
  STRATA_DATA_DIR: z.string().default('data'),
  STRATA_PUBLIC_URL: httpUrl.optional(),
  STRATA_ADMIN_USER: username.optional(),
  STRATA_ADMIN_PASSWORD: newPassword.optional(),
  STRATA_EXAMPLE: onOff.optional(),
  STRATA_LOCAL_NODE: onOff.optional(),
  STRATA_TRUSTED_PROXIES: proxies.default([]),
  STRATA_COOKIE_SECURE: z.enum(['auto', 'on', 'off'], 'must be auto, on or off').default('auto'),
  STRATA_AUDIT_DAYS: z.coerce
    .number('must be a number of days, 0 to keep the audit log for ever')
    .int('must be a whole number of days')
    .min(0, 'must not be negative; 0 keeps the audit log for ever')
    .max(36_500)
    .default(POLICY.audit.keptDays),
  STRATA_LOG_LEVEL: logLevel.default('info'),
  ...logEnvironment,
  STRATA_AGENT_IMAGE: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,299}$/,
      'must be the name of an image, such as registry.example.org/strata-agent:1',
    )
    .default(`strata-agent:${VERSION}`),
  STRATA_AGENT_UPDATES: z.enum(['manual', 'auto'], 'must be manual or auto').default('manual'),
  STRATA_LAUNCHER: z.literal('1').optional(),
  STRATA_STORE: z.enum(['disk', 's3'], 'must be disk or s3').optional(),
  ...s3Environment,
  STRATA_TOTP_REQUIRED: z.enum(TOTP_REQUIRED, 'must be none, admins or all').default('none'),
  ...oidcEnvironment,
})

/** Every variable that the brain reads. */
export const BRAIN_SETTING_NAMES: string[] = Object.keys(environment.shape)

export interface Settings {
  host: string
  port: number
  /** Absolute. */
  dataDir: string
  /** Where browsers and agents reach the brain, when that is not where it listens. */
  publicUrl: URL | null
  /** For the first start only. */
  admin: { username: string; password: string } | null
  /** Both: on under the launcher, off elsewhere, unless said. */
  example: boolean
  localNode: boolean
  trustedProxies: string[]
  /** `auto`: as the request or the public address says. */
  cookieSecure: 'auto' | 'on' | 'off'
  /** How long entries of the audit log are kept; null: for ever. */
  auditKeptMs: number | null
  logLevel: LogLevel
  tls: TlsSettings
  /** Where objects are kept, if somebody said so; the database knows where they are (see object-places.ts). */
  store: 'disk' | 's3' | null
  /** The bucket, when one was told of; also needed while the store is `disk` and objects are to move there. */
  s3: S3Place | null
  /** null: standard output. */
  logFile: LogFile | null
  /** Null: accounts of Strata's own alone. */
  oidc: OidcSettings | null
  /** Name and password are taken. */
  localSignIn: boolean
  /** Whose sign-in with a password needs a one-time code as well. */
  totpRequired: (typeof TOTP_REQUIRED)[number]
  /** What machines that join by Docker run the agent by. */
  agentImage: string
  /** `auto`: agents become the one of this brain by themselves, a node at a time. */
  agentUpdates: 'manual' | 'auto'
  /** A launcher is our parent and listens to messages. */
  launcher: boolean
}

/** Every fault of the environment at once, one line each. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly faults: string[]

  constructor(faults: string[]) {
    super(`The settings are not right:\n${faults.map(fault => `  - ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

/**
 * Reads and checks the brain's settings. Throws SettingsError with all faults.
 *
 * @param cwd what a relative STRATA_DATA_DIR is relative to
 */
export function loadSettings(env: Record<string, string | undefined>, cwd = process.cwd()): Settings {
  const given = Object.fromEntries(BRAIN_SETTING_NAMES.map(name => [name, env[name] === '' ? undefined : env[name]]))
  const parsed = environment.safeParse(given)
  const faults = parsed.error?.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`) ?? []
  if (Boolean(given.STRATA_ADMIN_USER) !== Boolean(given.STRATA_ADMIN_PASSWORD)) {
    faults.push('STRATA_ADMIN_USER and STRATA_ADMIN_PASSWORD go together: give both, or neither to get a set-up link')
  }
  faults.push(...faultsOfTls(given))
  faults.push(...findS3Faults(given, given.STRATA_STORE === 's3'))
  faults.push(...oidcFaults(given))
  if (!parsed.success || faults.length > 0) throw new SettingsError(faults)

  const values = parsed.data
  const launcher = values.STRATA_LAUNCHER === '1'
  return {
    host: values.STRATA_HOST,
    port: values.STRATA_PORT,
    dataDir: resolve(cwd, values.STRATA_DATA_DIR),
    publicUrl: values.STRATA_PUBLIC_URL ?? null,
    admin:
      values.STRATA_ADMIN_USER && values.STRATA_ADMIN_PASSWORD
        ? { username: values.STRATA_ADMIN_USER, password: values.STRATA_ADMIN_PASSWORD }
        : null,
    example: values.STRATA_EXAMPLE ?? launcher,
    localNode: values.STRATA_LOCAL_NODE ?? launcher,
    trustedProxies: values.STRATA_TRUSTED_PROXIES,
    cookieSecure: values.STRATA_COOKIE_SECURE,
    auditKeptMs: values.STRATA_AUDIT_DAYS === 0 ? null : values.STRATA_AUDIT_DAYS * 24 * 3_600_000,
    logLevel: values.STRATA_LOG_LEVEL,
    tls: tlsSettings(values, values.STRATA_PORT, cwd),
    store: values.STRATA_STORE ?? null,
    s3: toS3Place(values),
    logFile: logFileOf(values, cwd),
    oidc: toOidcSettings(values, values.STRATA_ALLOW_HTTP),
    localSignIn: values.STRATA_LOCAL_SIGN_IN === 'on',
    totpRequired: values.STRATA_TOTP_REQUIRED,
    agentImage: values.STRATA_AGENT_IMAGE,
    agentUpdates: values.STRATA_AGENT_UPDATES,
    launcher,
  }
}
