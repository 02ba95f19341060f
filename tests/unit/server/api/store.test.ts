import { createHash, randomBytes } from 'node:crypto'
import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Operation } from '../../../../shared/schemas/operation'
import type { SettingsView } from '../../../../shared/schemas/settings'
import type { StoreTest } from '../../../../shared/schemas/store'
import { file, tar } from '../../../factories/tar'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'
import { filesBelow } from '../../../support/files-below'
import { startS3Server } from '../../../support/s3-server'
import type { S3Server } from '../../../support/s3-server'
import { temporaryFolder } from '../../../support/temporary-folder'

let s3: S3Server
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let api: ApiServer | undefined
beforeEach(async () => {
  s3 = await startS3Server()
  folder = await temporaryFolder()
})
afterEach(async () => {
  await api?.close()
  api = undefined
  await s3.close()
  await folder.remove()
})

const bucketEnv = () => ({
  STRATA_S3_ENDPOINT: s3.place.endpoint!.origin,
  STRATA_S3_BUCKET: s3.place.bucket,
  STRATA_S3_ACCESS_KEY_ID: s3.place.accessKeyId,
  STRATA_S3_SECRET_ACCESS_KEY: s3.place.secretAccessKey,
})
async function start(env: Record<string, string> = {}): Promise<ApiServer> {
  await api?.close()
  api = undefined
  api = await startApiServer({ env: { STRATA_DATA_DIR: folder.path, ...bucketEnv(), ...env } })
  return api
}
const admin = () => api!.cookieOf('admin')
const archive = (seed: number, bytes = 5_000) => tar(file('data.bin', randomBytes(bytes)), file('n', String(seed)))
async function publish(version: string, bytes: Buffer) {
  const answer = await api!.request(`/api/v1/templates/spawn/versions/${version}?type=map`, {
    method: 'PUT',
    raw: new Uint8Array(bytes),
    cookie: await admin(),
  })
  expect(answer.status).toBe(201)
}
async function download(version: string): Promise<Buffer> {
  const { headers, status } = await api!.request(`/api/v1/templates/spawn/versions/${version}/download`, {
    cookie: await admin(),
  })
  expect(status).toBe(302)
  const answer = await fetch(new URL(headers.get('location')!, api!.url))
  expect(answer.status).toBe(200)
  return Buffer.from(await answer.arrayBuffer())
}
const view = async () => (await api!.request('/api/v1/settings', { cookie: await admin() })).body as SettingsView
async function move(to: string) {
  return api!.request('/api/v1/settings/store/move', { method: 'POST', json: { to }, cookie: await admin() })
}
async function ended(id: string): Promise<Operation> {
  const read = async () => (await api!.request(`/api/v1/operations/${id}`, { cookie: await admin() })).body as Operation
  await expect.poll(async () => (await read()).endedAt, { timeout: 20_000 }).not.toBeNull()
  return read()
}
const onDisk = () => filesBelow(join(folder.path, 'objects'))

describe('a brain on a bucket', { timeout: 30_000 }, () => {
  it('publishes into it, lets it be downloaded from it, and deletes from it', async () => {
    await start({ STRATA_STORE: 's3' })
    const bytes = archive(1)
    await publish('1', bytes)
    expect((await download('1')).equals(bytes)).toBe(true)
    expect(await onDisk()).toEqual([])
    expect((await view()).store).toMatchObject({ current: 's3', s3: { objects: 2, bucket: s3.place.bucket } })
    expect(JSON.stringify(await view())).not.toContain(s3.place.secretAccessKey)
    const gone = await api!.request('/api/v1/templates/spawn/versions/1', { method: 'DELETE', cookie: await admin() })
    expect(gone.status).toBe(204)
    expect((await view()).store.s3).toMatchObject({ objects: 0, bytes: 0 })
  })

  it('says in words when the bucket is away, and keeps nothing half', async () => {
    await start({ STRATA_STORE: 's3' })
    s3.fault = () => ({ status: 503 })
    const answer = await api!.request('/api/v1/templates/spawn/versions/1?type=map', {
      method: 'PUT',
      raw: new Uint8Array(archive(1)),
      cookie: await admin(),
    })
    expect(answer).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } })
    s3.fault = () => undefined
    expect((await view()).store.s3).toMatchObject({ objects: 0 })
    await publish('1', archive(1))
  })

  it('refuses to start when the settings and what is stored do not agree', async () => {
    await start({ STRATA_STORE: 'disk' })
    await publish('1', archive(1))
    await expect(start({ STRATA_STORE: 's3' })).rejects.toThrow('STRATA_STORE: says s3, but the objects of this brain')
  })
})

describe('the test of a store', { timeout: 30_000 }, () => {
  const test = async (store: string) =>
    (await api!.request('/api/v1/settings/store/test', { method: 'POST', json: { store }, cookie: await admin() }))
      .body as StoreTest

  it.each(['disk', 's3'])('passes every step of %s, and leaves nothing', async store => {
    await start()
    const result = await test(store)
    expect(result.steps.map(step => `${step.name} ${step.outcome}`)).toEqual(
      ['put', 'get', 'compare', 'multipart', 'presign', 'range', 'delete'].map(name => `${name} passed`),
    )
    expect(result).toMatchObject({ store, passed: true })
    expect(await onDisk()).toEqual([])
  })

  it('names the step that fails, and skips what needs it', async () => {
    await start()
    s3.fault = ({ query }) => (query.has('X-Amz-Signature') ? { status: 403 } : undefined)
    const { passed, steps } = await test('s3')
    expect(passed).toBe(false)
    expect(Object.fromEntries(steps.map(step => [step.name, step.outcome]))).toMatchObject({
      put: 'passed',
      presign: 'failed',
      range: 'skipped',
      delete: 'passed',
    })
    expect(steps.find(step => step.name === 'presign')?.message).toContain('answered 403')
  })
})

describe('moving the store', { timeout: 30_000 }, () => {
  it('takes every object along, proves it, and is the store from then on', async () => {
    await start()
    const versions = new Map<string, Buffer>()
    for (const version of ['1', '2', '3']) {
      versions.set(version, archive(Number(version)))
      await publish(version, versions.get(version)!)
    }
    const begun = await move('s3')
    expect(begun).toMatchObject({
      status: 202,
      body: { kind: 'store.move', state: 'running', actor: { name: 'admin' } },
    })
    const operation = await ended((begun.body as Operation).id)
    expect(operation).toMatchObject({ state: 'done', result: { objects: 6, from: 'disk', to: 's3' } })
    expect(operation.progress).toMatchObject({ done: 6, total: 6 })
    expect(operation.progress.bytes?.done).toBe(operation.progress.bytes?.total)
    expect(await onDisk()).toEqual([])
    expect((await view()).store).toMatchObject({ current: 's3', disk: { objects: 0 }, s3: { objects: 6 } })

    await start()
    for (const [version, bytes] of versions) expect((await download(version)).equals(bytes)).toBe(true)
    expect(await move('s3')).toMatchObject({ status: 409 })
    expect((await view()).store.current).toBe('s3')
    await expect(start({ STRATA_STORE: 'disk' })).rejects.toThrow('Set it to s3 or leave it out')

    await start({ STRATA_STORE: 's3' })
    expect(await ended(((await move('disk')).body as Operation).id)).toMatchObject({ state: 'done' })
    for (const [version, bytes] of versions) expect((await download(version)).equals(bytes)).toBe(true)
  })

  it('goes on while others publish, download and delete, and loses nothing', async () => {
    await start()
    for (let version = 1; version <= 8; version += 1) await publish(`${version}`, archive(version))
    s3.fault = ({ method }) => (method === 'GET' ? { slowMs: 20 } : undefined)
    const { id } = (await move('s3')).body as Operation
    const late = archive(99)
    const [, first] = await Promise.all([publish('late', late), download('1'), download('8')])
    await api!.request('/api/v1/templates/spawn/versions/5', { method: 'DELETE', cookie: await admin() })
    s3.fault = () => undefined
    expect(await ended(id)).toMatchObject({ state: 'done' })
    expect((await download('1')).equals(first)).toBe(true)
    expect((await download('late')).equals(late)).toBe(true)
    const { store } = await view()
    expect(store).toMatchObject({ disk: { objects: 0 }, s3: { objects: 16 } })
    expect(await onDisk()).toEqual([])
  })

  it('can be cancelled half way: everything stays readable, new objects go where they went, and it can go on', async () => {
    await start()
    const versions = new Map(['1', '2', '3', '4'].map(version => [version, archive(Number(version))]))
    for (const [version, bytes] of versions) await publish(version, bytes)
    const held = Promise.withResolvers<void>()
    let copies = 0
    s3.fault = ({ method, path }) =>
      method === 'PUT' && !path.includes('.staging') && (copies += 1) === 4 ? { until: held.promise } : undefined
    const { id } = (await move('s3')).body as Operation
    await expect.poll(() => copies).toBe(4)
    const cancel = await api!.request(`/api/v1/operations/${id}/cancel`, { method: 'POST', cookie: await admin() })
    expect(cancel).toMatchObject({ status: 202, body: { state: 'cancelling' } })
    expect(await move('s3')).toMatchObject({ status: 409 })
    held.resolve()
    expect(await ended(id)).toMatchObject({ state: 'cancelled', cancelledBy: { name: 'admin' } })

    const half = (await view()).store
    expect(half.current).toBe('disk')
    expect(half.s3?.objects).toBeGreaterThanOrEqual(3)
    expect(half.disk.objects + half.s3!.objects).toBe(8)
    for (const [version, bytes] of versions) expect((await download(version)).equals(bytes)).toBe(true)
    await publish('5', archive(5))
    expect((await view()).store.disk.objects).toBe(half.disk.objects + 2)

    await start({ STRATA_STORE: 'disk' })
    for (const [version, bytes] of versions) expect((await download(version)).equals(bytes)).toBe(true)
    await expect(start({ STRATA_S3_BUCKET: 'another' })).rejects.toThrow('objects are in strata-test')
    await start()
    expect(await ended(((await move('s3')).body as Operation).id)).toMatchObject({ state: 'done' })
    for (const [version, bytes] of versions) expect((await download(version)).equals(bytes)).toBe(true)
    expect(await onDisk()).toEqual([])
  }, 30_000)

  it('goes on by itself after the brain died in the middle', async () => {
    await start()
    const bytes = archive(1)
    await publish('1', bytes)
    await publish('2', archive(2))
    s3.fault = ({ method, path }) => (method === 'PUT' && path.includes('indexes') ? 'hang' : undefined)
    const { id } = (await move('s3')).body as Operation
    await expect.poll(() => s3.requests.some(line => line.includes('indexes'))).toBe(true)
    s3.fault = () => undefined
    await start()
    expect(await ended(id)).toMatchObject({ state: 'done' })
    expect((await download('1')).equals(bytes)).toBe(true)
    expect(await onDisk()).toEqual([])
  }, 30_000)

  it.each(['s3', 'disk'] as const)(
    'finds everything again when the database is from before objects were moved to %s',
    async to => {
      await start()
      const bytes = archive(1)
      await publish('1', bytes)
      if (to === 'disk') await ended(((await move('s3')).body as Operation).id)
      const backup = join(folder.path, 'yesterday.db')
      const database = join(folder.path, 'strata.db')
      const live = new Database(database)
      live.exec(`VACUUM INTO '${backup}'`)
      live.close()
      await ended(((await move(to)).body as Operation).id)
      await api!.close()
      api = undefined
      for (const end of ['', '-wal', '-shm']) await rm(database + end, { force: true })
      await rename(backup, database)
      await start()
      expect((await download('1')).equals(bytes)).toBe(true)
    },
  )

  it('leaves an object whose bytes are not right where it is, takes the others, and says which', async () => {
    await start()
    const good = archive(1)
    const bad = archive(2)
    await publish('1', good)
    await publish('2', bad)
    const sha = createHash('sha256').update(bad).digest('hex')
    await writeFile(join(folder.path, 'objects', 'layers', sha.slice(0, 2), sha), randomBytes(bad.length))
    const operation = await ended(((await move('s3')).body as Operation).id)
    expect(operation).toMatchObject({ state: 'failed', error: { code: 'STORE_CORRUPT' } })
    expect(operation.error?.message).toContain(sha)
    expect((await view()).store).toMatchObject({ current: 'disk', disk: { objects: 1 }, s3: { objects: 3 } })
    expect((await download('1')).equals(good)).toBe(true)
    expect(await readdir(join(folder.path, 'objects', 'layers'))).toContain(sha.slice(0, 2))
  })
})
