import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Problem } from '../../../../shared/schemas/status'
import type { TemplateSummary, TemplateVersionView, TemplateView } from '../../../../shared/schemas/template'
import { directory, file, hardLink, paxHeader, symlink, tar, tarEntry, tarGz, tarZst } from '../../../factories/tar'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'
import { filesBelow } from '../../../support/files-below'

let api: ApiServer
let cookie: string
let now = 1_800_000_000_000
beforeEach(async () => {
  api = await startApiServer({ parts: { clock: { now: () => now, monotonic: () => performance.now() } } })
  cookie = await api.cookieOf('operator')
})
afterEach(() => api.close())

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const base = '/api/v1/templates'

async function put(address: string, raw: Buffer, query = '?type=map') {
  const [id, version = '1'] = address.split('@')
  const answer = await api.request(`${base}/${id}/versions/${encodeURIComponent(version)}${query}`, {
    method: 'PUT',
    raw: new Uint8Array(raw),
    cookie,
  })
  return { status: answer.status, version: answer.body as TemplateVersionView, problem: answer.body as Problem }
}
const get = async <Body>(path: string) => (await api.request(path, { cookie })).body as Body
const template = (id: string) => get<TemplateView>(`${base}/${id}`)
const remove = (address: string) =>
  api.request(`${base}/${address.replace('@', '/versions/')}`, { method: 'DELETE', cookie })
/** Everything the object store has on its disk, half-made uploads included. */
const objects = () => filesBelow(join(api.dataDir, 'objects'))

async function download(address: string) {
  const answer = await api.request(`${base}/${address.replace('@', '/versions/')}/download`, { cookie })
  expect(answer.status).toBe(302)
  return new URL(answer.headers.get('location') ?? '', api.url)
}

const spawn = tarGz(
  directory('world'),
  file('world/spawn.txt', 'x=1'),
  file('world/blob.bin', Buffer.from([0, 255, 1])),
)

describe('publishing', () => {
  it.each([
    ['tar', tar(file('a.txt', 'A'))],
    ['tar.gz', tarGz(file('a.txt', 'A'))],
    ['tar.zst', tarZst(file('a.txt', 'A'))],
  ])('takes a %s and gives back these very bytes', async (suffix, archive) => {
    const { status, version } = await put('spawn@1.0', archive)
    expect(status).toBe(201)
    expect(version).toMatchObject({
      id: 'spawn',
      version: '1.0',
      type: 'map',
      sha256: sha256(archive),
      sizeBytes: archive.length,
      files: 1,
      tags: ['latest'],
      usedBy: 0,
      publishedBy: 'the-operator',
      publishedAt: now,
    })

    const answer = await fetch(await download('spawn@1.0'))
    expect(Buffer.from(await answer.arrayBuffer()).equals(archive)).toBe(true)
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename*=UTF-8''spawn%401.0.${suffix}`)
  })

  it('shows what was published in the list, by itself and as files', async () => {
    await put('spawn@1.0', spawn, '?type=map&description=Where%20all%20begin')
    await put('arena@1', tar(file('strata.yaml', 'type: gamemode\ndescription: Fight\n')), '')
    const { items } = await get<{ items: TemplateSummary[] }>(base)
    expect(items.map(({ id, type, description, versions }) => [id, type, description, versions])).toEqual([
      ['arena', 'gamemode', 'Fight', 1],
      ['spawn', 'map', 'Where all begin', 1],
    ])
    expect(await get(`${base}/spawn/versions/1.0/files`)).toMatchObject({
      sha256: sha256(spawn),
      items: [
        { path: 'world', type: 'dir' },
        { path: 'world/blob.bin', sizeBytes: 3 },
        { path: 'world/spawn.txt', sizeBytes: 3 },
      ],
    })
  })

  it('goes through the list page by page', async () => {
    for (const id of ['a', 'b', 'c']) await put(id, tar(file('x', id)))
    const first = await get<{ items: TemplateSummary[]; nextCursor: string }>(`${base}?limit=2`)
    expect(first.items.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(await get(`${base}?limit=2&cursor=${first.nextCursor}`)).toMatchObject({
      items: [{ id: 'c' }],
      nextCursor: null,
    })
  })

  it('moves latest, unless another tag is named', async () => {
    await put('spawn@1', tar(file('a', '1')))
    await put('spawn@2', tar(file('a', '2')), '?type=map&tag=beta')
    expect((await template('spawn')).tags).toEqual({ latest: '1', beta: '2' })
    await put('spawn@3', tar(file('a', '3')))
    const { tags, versions, newest } = await template('spawn')
    expect(tags).toEqual({ latest: '3', beta: '2' })
    expect(versions.map(({ version, tags }) => [version, tags])).toEqual([
      ['3', ['latest']],
      ['2', ['beta']],
      ['1', []],
    ])
    expect(newest.version).toBe('3')
  })

  it('takes the same bytes again and changes nothing but the tag that is named', async () => {
    await put('spawn@1', spawn)
    await put('spawn@2', tar(file('a', '2')))
    now += 1_000
    const again = await put('spawn@1', spawn, '?type=gamemode&tag=beta')
    expect(again.status).toBe(200)
    expect(again.version).toMatchObject({ type: 'map', publishedAt: now - 1_000 })
    expect((await template('spawn')).tags).toEqual({ latest: '2', beta: '1' })
    expect((await put('spawn@1', spawn)).status).toBe(200)
    expect((await template('spawn')).tags.latest).toBe('2')
    // The way back to an older version.
    expect((await put('spawn@1', spawn, '?type=map&tag=latest')).version.tags).toEqual(['beta', 'latest'])
  })

  it('refuses other bytes for a version and keeps the first', async () => {
    await put('spawn@1', spawn)
    const before = await objects()
    const other = await put('spawn@1', tar(file('other', 'bytes')))
    expect(other).toMatchObject({ status: 409, problem: { code: 'VERSION_EXISTS' } })
    expect(await objects()).toEqual(before)
    expect((await template('spawn')).newest.sha256).toBe(sha256(spawn))
  })

  it('takes every character a version may have', async () => {
    expect((await put('spawn@1.0+build_7-rc.1', spawn)).status).toBe(201)
    expect((await fetch(await download('spawn@1.0+build_7-rc.1'))).status).toBe(200)
  })

  it.each([
    ['an id of capitals', 'Spawn@1', '?type=map'],
    ['a version with a slash', 'spawn@a/b', '?type=map'],
    ['a type that does not exist', 'spawn@1', '?type=mapp'],
    ['a field nobody knows', 'spawn@1', '?type=map&force=1'],
  ])('refuses %s with 400', async (_, address, query) => {
    expect(await put(address, spawn, query)).toMatchObject({ status: 400, problem: { code: 'VALIDATION_FAILED' } })
    expect(await objects()).toEqual([])
  })
})

describe('an archive that is not good', () => {
  const yaml = (text: string) => tar(file('strata.yaml', text), file('a.txt', 'A'))
  const zeros = Buffer.alloc(100 * 1024 ** 2)
  const long = spawn.subarray(0, spawn.length - 12)

  it.each<[string, Buffer, string, string | undefined]>([
    ['leaves the archive', tar(file('ok', ''), file('../x', 'X')), 'PATH_ESCAPE', '../x'],
    ['has an absolute path', tar(file('/etc/x', 'X')), 'PATH_ESCAPE', '/etc/x'],
    ['has a newline in a path', tar(paxHeader({ path: 'a\nb' }), file('x', '')), 'PATH_INVALID', 'a\\x0ab'],
    ['links out', tar(symlink('up', '../../etc')), 'LINK_ESCAPE', 'up'],
    ['links hard to what is not there', tar(hardLink('a', 'b')), 'LINK_ESCAPE', 'a'],
    ['has a device', tar(tarEntry({ path: 'null', type: '3' })), 'ENTRY_TYPE', 'null'],
    ['expands too much', gzipSync(tar(file('zeros', zeros))), 'TOO_BIG', undefined],
    ['is cut', long, 'ARCHIVE_CORRUPT', undefined],
    ['is a page', Buffer.from('<!doctype html><title>404</title>'), 'ARCHIVE_CORRUPT', undefined],
    ['is empty', Buffer.alloc(0), 'ARCHIVE_CORRUPT', undefined],
    ['has a key nobody knows', yaml('tpye: map'), 'METADATA_INVALID', undefined],
    ['is made for another template', yaml('id: other'), 'METADATA_INVALID', 'strata.yaml: id'],
    ['says another type', yaml('type: gamemode'), 'METADATA_INVALID', 'strata.yaml: type'],
  ])('that %s is refused and leaves nothing', async (_, archive, code, path) => {
    const { status, problem } = await put('spawn@1', archive)
    expect({ status, code: problem.code }).toEqual({ status: 422, code })
    if (path !== undefined) expect(problem.issues?.[0]?.path).toBe(path)
    expect(await objects()).toEqual([])
    expect((await api.request(`${base}/spawn`, { cookie })).status).toBe(404)
  })

  it('is refused when nobody says its type', async () => {
    expect(await put('spawn@1', tar(file('a', '')), '')).toMatchObject({
      status: 422,
      problem: { code: 'TYPE_MISSING' },
    })
    expect(await objects()).toEqual([])
  })

  it('is refused over the same connection that then serves the next request', async () => {
    const bad = tar(file('../x', ''), file('big', Buffer.alloc(8 * 1024 ** 2)))
    expect((await put('spawn@1', bad)).status).toBe(422)
    expect((await put('spawn@1', spawn)).status).toBe(201)
  })
})

describe('an upload that breaks off', () => {
  const request = (headers: string) =>
    `PUT ${base}/spawn/versions/1?type=map HTTP/1.1\r\nhost: ${api.url.host}\r\ncookie: ${cookie}\r\n${headers}\r\n\r\n`

  /** Sends some bytes, waits until the brain has staged them, and is gone. */
  async function breakOff(head: string, bytes: Buffer): Promise<void> {
    const socket = connect(Number(api.url.port), api.url.hostname)
    socket.write(head)
    socket.write(bytes)
    await expect.poll(() => readdir(join(api.dataDir, 'objects', '.staging'))).toHaveLength(1)
    socket.destroy()
  }

  it.each([
    ['before its stated length', () => request(`content-length: ${spawn.length + 1}`), spawn],
    [
      'in the middle',
      () => request('content-length: 1000000'),
      Buffer.alloc(300_000, tar(file('a', 'A')).subarray(0, 1024)),
    ],
    ['between two chunks', () => request('transfer-encoding: chunked'), Buffer.from(`400\r\n${'\0'.repeat(1024)}\r\n`)],
  ])('%s leaves nothing', async (_, head, bytes) => {
    await breakOff(head(), bytes)
    await expect.poll(objects).toEqual([])
    expect((await api.request(`${base}/spawn`, { cookie })).status).toBe(404)
    expect((await put('spawn@1', spawn)).status).toBe(201)
  })
})

describe('at once', () => {
  it('two archives for one version: one is published, the other refused and gone', async () => {
    const archives = Array.from({ length: 6 }, (_, index) =>
      tarGz(file('which', String(index)), file('size', Buffer.alloc(200_000, index))),
    )
    const answers = await Promise.all(archives.map(archive => put('spawn@1', archive)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409])

    const { sha256: published } = answers.find(({ status }) => status === 201)!.version
    expect((await template('spawn')).newest.sha256).toBe(published)
    const served = Buffer.from(await (await fetch(await download('spawn@1'))).arrayBuffer())
    expect(sha256(served)).toBe(published)
    expect((await objects()).filter(path => path.startsWith('layers/'))).toHaveLength(1)
  })

  it('the same archive twice: both succeed, one of them made it', async () => {
    const answers = await Promise.all([put('spawn@1', spawn), put('spawn@1', spawn), put('spawn@1', spawn)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201])
  })

  it('deleting and publishing the same bytes never loses them', async () => {
    await put('spawn@0', spawn)
    for (let round = 0; round < 20; round += 1) {
      const [removed, published] = await Promise.all([remove(`spawn@${round}`), put(`spawn@${round + 1}`, spawn)])
      expect([removed.status, published.status]).toEqual([204, 201])
      const answer = await fetch(await download(`spawn@${round + 1}`))
      expect(Buffer.from(await answer.arrayBuffer()).equals(spawn)).toBe(true)
    }
  })
})

describe('deleting', () => {
  it('keeps bytes that another version shares, and removes them with the last', async () => {
    await put('spawn@1', spawn)
    await put('copy@1', spawn)
    expect(await objects()).toHaveLength(2)
    expect((await remove('spawn@1')).status).toBe(204)
    expect((await fetch(await download('copy@1'))).status).toBe(200)
    expect((await remove('copy@1')).status).toBe(204)
    expect(await objects()).toEqual([])
    expect((await api.request(`${base}/copy`, { cookie })).status).toBe(404)
  })

  it('of the version that latest names moves it to the newest that is left; other tags go', async () => {
    for (const version of ['1', '2', '3']) {
      await put(`spawn@${version}`, tar(file('a', version)))
      now += 1
    }
    await put('spawn@4', tar(file('a', '4')), '?type=map&tag=beta')
    await remove('spawn@4')
    expect((await template('spawn')).tags).toEqual({ latest: '3' })
    await remove('spawn@3')
    expect((await template('spawn')).tags).toEqual({ latest: '2' })
    await remove('spawn@1')
    expect((await template('spawn')).tags).toEqual({ latest: '2' })
  })

  it('says what does not exist', async () => {
    expect(await remove('spawn@1')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
    for (const path of ['/spawn', '/spawn/versions/1/files', '/spawn/versions/1/download'])
      expect(await api.request(base + path, { cookie })).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
  })

  it('is written to the audit log with its bytes, as publishing is', async () => {
    await put('spawn@1', spawn)
    await remove('spawn@1')
    const { items } = await api.brain.audit.list({ subject: 'spawn', limit: 10 })
    expect(
      items.map(({ action, outcome, actor, detail }) => [action, outcome, actor.name, detail.version, detail.sha256]),
    ).toEqual([
      ['template.delete', 'done', 'the-operator', '1', sha256(spawn)],
      ['template.publish', 'done', 'the-operator', '1', sha256(spawn)],
    ])
  })
})

describe('a signed address', () => {
  it('serves ranges and HEAD without a sign-in, until it expires', async () => {
    await put('spawn@1', spawn)
    const url = await download('spawn@1')
    const part = await fetch(url, { headers: { range: 'bytes=5-9' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 5-9/${spawn.length}`])
    expect(Buffer.from(await part.arrayBuffer()).equals(spawn.subarray(5, 10))).toBe(true)
    expect((await fetch(url, { headers: { range: `bytes=${spawn.length}-` } })).status).toBe(416)
    const etag = part.headers.get('etag')!
    expect(etag).toBe(`"${sha256(spawn)}"`)
    expect((await fetch(url, { headers: { range: 'bytes=0-0', 'if-range': etag } })).status).toBe(206)
    expect((await fetch(url, { headers: { range: 'bytes=0-0', 'if-range': '"other"' } })).status).toBe(200)

    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
      200,
      String(spawn.length),
      '',
    ])

    now += 15 * 60_000
    const late = await fetch(url)
    expect([late.status, ((await late.json()) as Problem).code]).toEqual([403, 'FORBIDDEN'])
  })

  it('is refused for another object, another signature and another method', async () => {
    await put('spawn@1', spawn)
    await put('other@1', tar(file('a', 'A')))
    const url = await download('spawn@1')
    const other = await download('other@1')
    expect((await fetch(new URL(other.pathname + url.search, url))).status).toBe(403)
    const forged = new URL(url)
    forged.searchParams.set('signature', 'A'.repeat(43))
    expect((await fetch(forged)).status).toBe(403)
    expect((await fetch(new URL(url.pathname, url))).status).toBe(400)
    for (const method of ['PUT', 'POST', 'DELETE'])
      expect((await fetch(url, { method })).status, method).toBeGreaterThanOrEqual(404)
    expect((await fetch(new URL('/objects/..%2f..%2fstrata.db' + url.search, url))).status).toBe(403)
  })
})
