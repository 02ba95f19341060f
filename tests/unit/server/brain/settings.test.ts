import { describe, expect, it } from 'vitest'
import { loadSettings, SettingsError } from '../../../../server/brain/settings'

function faultsOf(env: Record<string, string>): string[] {
  try {
    loadSettings(env, '/srv')
  } catch (error) {
    if (error instanceof SettingsError) return error.faults
    throw error
  }
  return []
}

it('needs nothing', () => {
  expect(loadSettings({}, '/srv')).toMatchObject({
    host: '127.0.0.1',
    port: 3000,
    dataDir: '/srv/data',
    publicUrl: null,
    admin: null,
    example: false,
    localNode: false,
    launcher: false,
  })
})

it('takes an empty variable for one that is not set', () => {
  expect(
    loadSettings({ STRATA_PORT: '', STRATA_PUBLIC_URL: '', STRATA_ADMIN_USER: '', STRATA_ADMIN_PASSWORD: '' }).port,
  ).toBe(3000)
})

it('has a local node and an example under the launcher, unless said', () => {
  expect(loadSettings({ STRATA_LAUNCHER: '1' })).toMatchObject({ launcher: true, example: true, localNode: true })
  expect(loadSettings({ STRATA_LAUNCHER: '1', STRATA_EXAMPLE: 'off' })).toMatchObject({
    example: false,
    localNode: true,
  })
})

it('tells every fault at once, each with its name', () => {
  const faults = faultsOf({
    STRATA_PORT: '70000',
    STRATA_PUBLIC_URL: 'strata.example.org',
    STRATA_EXAMPLE: 'yes',
    STRATA_TRUSTED_PROXIES: '10.0.0.0/8, proxy, 10.0.0.0/64',
    STRATA_LOG_LEVEL: 'loud',
    STRATA_STORE: 'tape',
    STRATA_ADMIN_USER: 'admin',
    STRATA_TLS_CERT: 'brain.pem',
    STRATA_HTTP_REDIRECT_PORT: 'eighty',
  })
  expect(faults.map(fault => fault.split(':')[0])).toEqual([
    'STRATA_HTTP_REDIRECT_PORT',
    'STRATA_PORT',
    'STRATA_PUBLIC_URL',
    'STRATA_EXAMPLE',
    'STRATA_TRUSTED_PROXIES',
    'STRATA_TRUSTED_PROXIES',
    'STRATA_LOG_LEVEL',
    'STRATA_STORE',
    'STRATA_ADMIN_USER and STRATA_ADMIN_PASSWORD go together',
    'STRATA_TLS_CERT and STRATA_TLS_KEY go together',
  ])
  expect(faults.join('\n')).toContain('"proxy" is not an IP address')
})

describe('a bucket', () => {
  const bucket = {
    STRATA_S3_ENDPOINT: 'http://127.0.0.1:9000',
    STRATA_S3_BUCKET: 'strata',
    STRATA_S3_ACCESS_KEY_ID: 'AKIA1',
    STRATA_S3_SECRET_ACCESS_KEY: 'the secret',
  }

  it('may be told of while the store is the disk, so that objects can move there', () => {
    expect(loadSettings({}).s3).toBeNull()
    expect(loadSettings({ ...bucket, STRATA_S3_PREFIX: 'a/b' })).toMatchObject({
      store: null,
      s3: { bucket: 'strata', prefix: 'a/b/', region: 'us-east-1', forcePathStyle: true, publicEndpoint: null },
    })
    const amazon = { ...bucket, STRATA_S3_ENDPOINT: undefined, STRATA_S3_REGION: 'eu-central-1', STRATA_STORE: 's3' }
    expect(loadSettings(amazon)).toMatchObject({ store: 's3', s3: { endpoint: null, forcePathStyle: false } })
  })

  it('is told wholly or not at all, and a fault never shows the secret', () => {
    expect(faultsOf({ STRATA_STORE: 's3' }).map(fault => fault.split(':')[0])).toEqual([
      'STRATA_S3_BUCKET',
      'STRATA_S3_ACCESS_KEY_ID',
      'STRATA_S3_SECRET_ACCESS_KEY',
      'STRATA_S3_ENDPOINT',
    ])
    const faults = faultsOf({
      ...bucket,
      STRATA_S3_BUCKET: 'No Bucket',
      STRATA_S3_ENDPOINT: 'store:9000',
      STRATA_S3_PREFIX: '../up',
      STRATA_S3_REGION: 'Here!',
      STRATA_S3_FORCE_PATH_STYLE: 'yes',
    })
    expect(faults).toHaveLength(5)
    expect(faults.join()).not.toContain('the secret')
  })
})

describe('what is refused', () => {
  it.each([
    ['STRATA_PORT', 'http'],
    ['STRATA_PORT', '3000.5'],
    ['STRATA_PORT', '-1'],
    ['STRATA_HOST', 'a b'],
    ['STRATA_PUBLIC_URL', 'ftp://x'],
    ['STRATA_PUBLIC_URL', 'https://x/path'],
    ['STRATA_COOKIE_SECURE', 'maybe'],
  ])('%s=%s', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringContaining(name)])
  })

  it('is told without the password', () => {
    expect(faultsOf({ STRATA_ADMIN_USER: 'admin', STRATA_ADMIN_PASSWORD: 'hush' }).join()).not.toContain('hush')
  })
})
