import { isIP } from 'node:net'
import { z } from 'zod'
import { ROLES } from '../../shared/domain/permissions'
import type { RoleRule } from '../domain/oidc-claims'

/** Sign-in with somebody else's accounts, by OpenID Connect. */
export interface OidcSettings {
  issuer: URL
  clientId: string
  /** Null for a public client, which PKCE alone protects. */
  clientSecret: string | null
  scopes: string
  /** What the button of the sign-in page calls it. */
  name: string
  role: RoleRule
  /** The issuer may be spoken to without TLS: it is on this machine, or it was said. */
  allowHttp: boolean
}

const list = z.string().transform(text =>
  text
    .split(',')
    .map(part => part.trim())
    .filter(Boolean),
)

export const oidcEnvironment = {
  STRATA_OIDC_ISSUER: z
    .string()
    .refine(
      text => /^https?:$/.test(URL.parse(text)?.protocol ?? ''),
      'must be an address such as https://id.example.org',
    )
    .refine(text => !/[?#@]/.test(text), 'must be the plain address of the issuer, without ?, # and user')
    .optional(),
  STRATA_OIDC_CLIENT_ID: z.string().max(200).optional(),
  STRATA_OIDC_CLIENT_SECRET: z.string().max(500).optional(),
  STRATA_OIDC_SCOPES: z
    .string()
    .refine(text => text.split(' ').includes('openid'), 'must contain openid, such as "openid profile email"')
    .default('openid profile email'),
  STRATA_OIDC_NAME: z.string().max(40, 'must be at most 40 characters').default('OpenID Connect'),
  STRATA_OIDC_ROLE_CLAIM: z.string().max(200).optional(),
  STRATA_OIDC_ADMIN_VALUES: list.default([]),
  STRATA_OIDC_OPERATOR_VALUES: list.default([]),
  STRATA_OIDC_VIEWER_VALUES: list.default([]),
  STRATA_OIDC_DEFAULT_ROLE: z.enum(['none', ...ROLES], 'must be none, viewer, operator or admin').default('none'),
  STRATA_LOCAL_SIGN_IN: z.enum(['on', 'off'], 'must be on or off').default('on'),
}
const environment = z.object(oidcEnvironment)
type Values = z.output<typeof environment>

/** What single values cannot show: settings that only make sense together. @param env empty ones left out */
export function oidcFaults(env: Record<string, string | undefined>): string[] {
  const values = environment.safeParse(env).data
  // What is wrong in itself is told already.
  if (!values) return []
  const given = (name: keyof Values) => values[name] !== undefined
  const faults: string[] = []
  const roleValues = [
    ...values.STRATA_OIDC_ADMIN_VALUES,
    ...values.STRATA_OIDC_OPERATOR_VALUES,
    ...values.STRATA_OIDC_VIEWER_VALUES,
  ]
  if (given('STRATA_OIDC_ISSUER') !== given('STRATA_OIDC_CLIENT_ID'))
    faults.push('STRATA_OIDC_ISSUER and STRATA_OIDC_CLIENT_ID go together: give both, or neither')
  const hangOn = ['STRATA_OIDC_CLIENT_SECRET', 'STRATA_OIDC_ROLE_CLAIM'] as const
  for (const name of hangOn)
    if (given(name) && !given('STRATA_OIDC_ISSUER')) faults.push(`${name}: says nothing without STRATA_OIDC_ISSUER`)
  if (values.STRATA_LOCAL_SIGN_IN === 'off' && !given('STRATA_OIDC_ISSUER'))
    faults.push('STRATA_LOCAL_SIGN_IN: off leaves no way in without STRATA_OIDC_ISSUER')
  if (!values.STRATA_OIDC_ISSUER) return faults

  const issuer = URL.parse(values.STRATA_OIDC_ISSUER)
  if (issuer?.protocol === 'http:' && !isLoopback(issuer.hostname) && env.STRATA_ALLOW_HTTP !== 'on')
    faults.push(
      'STRATA_OIDC_ISSUER: plain http would show the sign-in to everybody on the way; use https, or say STRATA_ALLOW_HTTP=on',
    )
  if (given('STRATA_OIDC_ROLE_CLAIM') !== roleValues.length > 0)
    faults.push(
      'STRATA_OIDC_ROLE_CLAIM and the values that mean a role (STRATA_OIDC_ADMIN_VALUES, _OPERATOR_VALUES, _VIEWER_VALUES) go together',
    )
  if (new Set(roleValues).size !== roleValues.length)
    faults.push('STRATA_OIDC_…_VALUES: a value is named twice; one value means one role')
  if (!given('STRATA_OIDC_ROLE_CLAIM') && values.STRATA_OIDC_DEFAULT_ROLE === 'none')
    faults.push(
      'STRATA_OIDC_DEFAULT_ROLE: without a claim and without a role for everybody nobody could sign in; give STRATA_OIDC_ROLE_CLAIM or a default role',
    )
  return faults
}

export function toOidcSettings(values: Values, allowHttp: boolean): OidcSettings | null {
  const { STRATA_OIDC_ISSUER: issuer, STRATA_OIDC_CLIENT_ID: clientId } = values
  if (issuer === undefined || clientId === undefined) return null
  const url = new URL(issuer)
  const fallback = values.STRATA_OIDC_DEFAULT_ROLE
  return {
    issuer: url,
    clientId,
    clientSecret: values.STRATA_OIDC_CLIENT_SECRET ?? null,
    scopes: values.STRATA_OIDC_SCOPES,
    name: values.STRATA_OIDC_NAME,
    role: {
      claim: values.STRATA_OIDC_ROLE_CLAIM ?? null,
      values: {
        admin: values.STRATA_OIDC_ADMIN_VALUES,
        operator: values.STRATA_OIDC_OPERATOR_VALUES,
        viewer: values.STRATA_OIDC_VIEWER_VALUES,
      },
      fallback: fallback === 'none' ? null : fallback,
    },
    allowHttp: url.protocol === 'http:' && (allowHttp || isLoopback(url.hostname)),
  }
}

function isLoopback(hostname: string): boolean {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'))
}
