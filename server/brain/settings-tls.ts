import { resolve } from 'node:path'
import { z } from 'zod'
import { httpUrl, onOff, portNumber } from './settings-values'

const names = z.string().transform((text, context) => {
  const list = text
    .split(',')
    .map(part => part.trim())
    .filter(Boolean)
  for (const name of list)
    if (!/^[A-Za-z0-9.:*-]+$/.test(name)) context.addIssue(`"${name}" is no host name or address`)
  return list
})

/** TLS and the certificates of agents; part of the brain's environment. */
export const tlsEnvironment = {
  STRATA_TLS: z.enum(['off', 'own'], 'must be off, or own for a certificate of Strata’s own authority').optional(),
  STRATA_TLS_CERT: z.string().optional(),
  STRATA_TLS_KEY: z.string().optional(),
  STRATA_TLS_NAMES: names.default([]),
  STRATA_LOOPBACK_PORT: portNumber.default(0),
  STRATA_HTTP_REDIRECT_PORT: portNumber.optional(),
  STRATA_ALLOW_HTTP: onOff.default(false),
  STRATA_AGENT_MTLS: z.enum(['off', 'on', 'required'], 'must be off, on or required').default('off'),
  STRATA_NEW_AUTHORITY: onOff.default(false),
  STRATA_AGENT_PORT: portNumber.optional(),
  STRATA_AGENT_URL: httpUrl.refine(url => url.protocol === 'https:', 'must begin with https://').optional(),
}

type TlsEnvironment = z.output<z.ZodObject<typeof tlsEnvironment>>

export interface TlsSettings {
  /** With what the panel's port speaks TLS; null: plain HTTP. */
  source: { kind: 'files'; cert: string; key: string } | { kind: 'own' } | null
  /** Names and addresses for certificates of the own authority, beside those that the machine knows of itself. */
  names: string[]
  /** Port for plain HTTP to the port for TLS; null: none. */
  redirectPort: number | null
  /** A lost authority was said to be given up: a new one may be made though nodes have certificates of the former. */
  isNewAuthorityWanted: boolean
  /** Plain HTTP beyond this machine was said to be wanted. */
  isHttpAllowed: boolean
  agents: {
    mode: 'off' | 'on' | 'required'
    port: number
    /** Where agents find that port, when it is not under the address of the brain. */
    url: URL | null
  }
}

/** What the single values cannot tell: which go together. @param env empty ones left out */
export function faultsOfTls(env: Record<string, string | undefined>): string[] {
  const faults: string[] = []
  if (Boolean(env.STRATA_TLS_CERT) !== Boolean(env.STRATA_TLS_KEY))
    faults.push('STRATA_TLS_CERT and STRATA_TLS_KEY go together: give both files, or neither')
  if (env.STRATA_TLS_CERT && env.STRATA_TLS !== undefined)
    faults.push(
      `STRATA_TLS: ${env.STRATA_TLS} contradicts STRATA_TLS_CERT; leave STRATA_TLS out to use the files, or leave out the files`,
    )
  const hasTls = env.STRATA_TLS === 'own' || Boolean(env.STRATA_TLS_CERT)
  if (env.STRATA_HTTP_REDIRECT_PORT !== undefined && !hasTls)
    faults.push(
      'STRATA_HTTP_REDIRECT_PORT leads to HTTPS, which is off: give STRATA_TLS_CERT and STRATA_TLS_KEY, or STRATA_TLS=own',
    )
  return faults
}

export function tlsSettings(env: TlsEnvironment, port: number, cwd: string): TlsSettings {
  const { STRATA_TLS_CERT: cert, STRATA_TLS_KEY: key } = env
  return {
    source:
      cert && key
        ? { kind: 'files', cert: resolve(cwd, cert), key: resolve(cwd, key) }
        : env.STRATA_TLS === 'own'
          ? { kind: 'own' }
          : null,
    names: env.STRATA_TLS_NAMES,
    redirectPort: env.STRATA_HTTP_REDIRECT_PORT ?? null,
    isNewAuthorityWanted: env.STRATA_NEW_AUTHORITY,
    isHttpAllowed: env.STRATA_ALLOW_HTTP,
    agents: {
      mode: env.STRATA_AGENT_MTLS,
      port: env.STRATA_AGENT_PORT ?? (port === 0 || port === 65_535 ? 0 : port + 1),
      url: env.STRATA_AGENT_URL ?? null,
    },
  }
}
