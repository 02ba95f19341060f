import { expect, it } from 'vitest'
import { loadSettings, SettingsError } from '../../../../server/brain/settings'

const BASE = {
  STRATA_OIDC_ISSUER: 'https://id.example.org/realms/games',
  STRATA_OIDC_CLIENT_ID: 'strata',
  STRATA_OIDC_DEFAULT_ROLE: 'viewer',
}

function faultsOf(env: Record<string, string>): string {
  try {
    loadSettings(env)
  } catch (error) {
    if (error instanceof SettingsError) return error.faults.join('\n')
    throw error
  }
  return ''
}

it('needs issuer, client and a way to a role', () => {
  expect(loadSettings(BASE).oidc).toMatchObject({ clientId: 'strata', clientSecret: null, allowHttp: false })
  expect(loadSettings({}).oidc).toBeNull()
})

it.each<[Record<string, string>, RegExp]>([
  [{ STRATA_OIDC_ISSUER: 'https://id.example.org' }, /go together/],
  [{ STRATA_OIDC_CLIENT_SECRET: 'x' }, /says nothing without/],
  [{ STRATA_LOCAL_SIGN_IN: 'off' }, /no way in/],
  [{ ...BASE, STRATA_OIDC_DEFAULT_ROLE: 'none' }, /nobody could sign in/],
  [{ ...BASE, STRATA_OIDC_ROLE_CLAIM: 'groups' }, /go together/],
  [{ ...BASE, STRATA_OIDC_ADMIN_VALUES: 'root' }, /go together/],
  [
    { ...BASE, STRATA_OIDC_ROLE_CLAIM: 'g', STRATA_OIDC_ADMIN_VALUES: 'a,b', STRATA_OIDC_VIEWER_VALUES: 'b' },
    /named twice/,
  ],
  [{ ...BASE, STRATA_OIDC_ISSUER: 'http://id.example.org' }, /plain http/],
  [{ ...BASE, STRATA_OIDC_ISSUER: 'id.example.org' }, /must be an address/],
  [{ ...BASE, STRATA_OIDC_SCOPES: 'profile' }, /must contain openid/],
])('tells what is wrong with %j', (env, fault) => {
  expect(faultsOf(env)).toMatch(fault)
})

it('speaks plain http to this machine, and to others when told to', () => {
  expect(loadSettings({ ...BASE, STRATA_OIDC_ISSUER: 'http://127.0.0.1:4000' }).oidc?.allowHttp).toBe(true)
  const said = { ...BASE, STRATA_OIDC_ISSUER: 'http://id.example.org', STRATA_ALLOW_HTTP: 'on' }
  expect(loadSettings(said).oidc?.allowHttp).toBe(true)
})
