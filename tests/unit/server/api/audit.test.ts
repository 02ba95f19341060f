import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sql } from 'drizzle-orm'
import { openDatabase } from '../../../../server/db/client'
import { createAuditStore } from '../../../../server/db/stores/audit'
import { POLICY } from '../../../../shared/domain/policy'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

let api: ApiServer
beforeEach(async () => {
  api = await startApiServer()
})
afterEach(() => api.close())

interface Page {
  items: { action: string; detail: { n: number } }[]
  nextCursor: string | null
}

it('gives the newest first, page by page, filtered', async () => {
  const cookie = await api.cookieOf('admin')
  const entry = {
    actor: { kind: 'user', id: 'anna', name: 'Anna' },
    subject: { kind: 'instance', id: 'i1' },
    outcome: 'done',
    requestId: null,
    address: null,
  } as const
  for (let n = 0; n < 5; n++)
    await api.brain.audit.record({ ...entry, action: n % 2 ? 'instance.stop' : 'instance.start', detail: { n } })
  const list = async (query: string) => (await api.request(`/api/v1/audit?${query}`, { cookie })).body as Page

  const first = await list('actor=anna&limit=3')
  const second = await list(`actor=anna&limit=3&cursor=${first.nextCursor}`)
  expect([...first.items, ...second.items].map(item => item.detail.n)).toEqual([4, 3, 2, 1, 0])
  expect(second.nextCursor).toBeNull()
  expect((await list('action=instance.stop')).items.map(item => item.detail.n)).toEqual([3, 1])
  expect((await list('subject=i1&outcome=refused')).items).toEqual([])
  expect((await list('subject=i1&outcome=done')).items).toHaveLength(5)
})

it('tells a creation that was asked for again with its Idempotency-Key from the one that made something', async () => {
  const cookie = await api.cookieOf('admin')
  const headers = { 'idempotency-key': 'once' }
  for (let n = 0; n < 2; n++)
    await api.request('/api/v1/nodes', { method: 'POST', cookie, json: { name: 'eu-1' }, headers })
  const { items } = (await api.request('/api/v1/audit?action=node.create', { cookie })).body as {
    items: { detail: Record<string, unknown> }[]
  }
  expect(items.map(item => item.detail.replayed)).toEqual([true, undefined])
})

const entry = {
  actor: { kind: 'user', id: 'anna', name: 'Anna' },
  action: 'instance.input',
  subject: { kind: 'instance', id: 'i1' },
  outcome: 'done',
  requestId: null,
  address: '203.0.113.7',
  detail: {},
} as const

/** Straight into the database, in one commit. */
function recordMany(dataDir: string, count: number, at: number): void {
  const { db, close } = openDatabase(join(dataDir, 'strata.db'))
  const store = createAuditStore(db)
  db.run(sql`begin`)
  for (let n = 0; n < count; n++)
    void store.append({ ...entry, id: `0${String(n).padStart(6, '0')}`, at, detail: { n } })
  db.run(sql`commit`)
  close()
}

describe('a filter', () => {
  it('finds text in names, acts, addresses and details, literally', async () => {
    const cookie = await api.cookieOf('admin')
    const found = async (text: string) =>
      (
        (await api.request(`/api/v1/audit?text=${encodeURIComponent(text)}`, { cookie })).body as {
          items: { detail: unknown }[]
        }
      ).items.map(item => item.detail)
    await api.brain.audit.record({ ...entry, detail: { line: 'give 100%_sure' } })
    await api.brain.audit.record({ ...entry, actor: { ...entry.actor, name: 'Bert' }, detail: { line: 'other' } })
    expect(await found('100%_s')).toEqual([{ line: 'give 100%_sure' }])
    expect(await found('%')).toEqual([{ line: 'give 100%_sure' }])
    expect(await found('BERT')).toEqual([{ line: 'other' }])
    expect(await found('203.0.113')).toHaveLength(2)
    expect(await found("' or 1=1 --")).toEqual([])
  })

  it('takes a range of time and a kind of subject', async () => {
    const cookie = await api.cookieOf('admin')
    const before = Date.now()
    await api.brain.audit.record({ ...entry, subject: { kind: 'node', id: 'n' } })
    const count = async (query: string) =>
      ((await api.request(`/api/v1/audit?${query}`, { cookie })).body as { items: unknown[] }).items.length
    expect(await count(`kind=node&since=${before}`)).toBe(1)
    expect(await count(`kind=node&until=${before}`)).toBe(0)
    expect(await count(`kind=node&since=${before + 60_000}`)).toBe(0)
  })
})

describe('an export', () => {
  const read = async (query: string) => {
    const answer = await fetch(new URL(`/api/v1/audit/export?${query}`, api.url), {
      headers: { cookie: await api.cookieOf('admin') },
    })
    return { headers: answer.headers, text: await answer.text() }
  }

  it('is a table in which no cell is a formula', async () => {
    const evil = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', 'a "quoted", cell\nof two lines']
    for (const name of evil) await api.brain.audit.record({ ...entry, actor: { ...entry.actor, name } })
    const { headers, text } = await read('action=instance.input')
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="strata-audit-[\d-]+\.csv"$/)
    const rows = parse<{ actor: string; detail: string }>(text, { columns: true })
    expect(rows.map(row => row.actor).reverse()).toEqual([...evil.slice(0, 5).map(name => `'${name}`), evil[5]])
    expect(rows[0]?.detail).toBe('{}')
    for (const cell of rows.flatMap(row => Object.values(row))) expect(cell).not.toMatch(/^[=+\-@\t\r]/)
  })

  it('holds every entry however many there are, also one to a line', async () => {
    recordMany(api.dataDir, 1_203, Date.now())
    const { text } = await read('action=instance.input&format=jsonl')
    const entries = text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { detail: { n: number } })
    expect(entries.map(item => item.detail.n)).toEqual(Array.from({ length: 1_203 }, (_, n) => 1_202 - n))
    expect((await read('action=instance.input&outcome=refused')).text).toMatch(/^at,actor,[\w,]+\r\n$/)
  })
})

it('forgets what is older than the settings keep, however much it is, and nothing else', async () => {
  const DAY = 24 * 3_600_000
  let now = Date.now() - 31 * DAY
  const clock = { now: () => now, monotonic: () => performance.now() }
  recordMany(api.dataDir, POLICY.audit.removedAtOnce + 1, now)
  await api.brain.stop()
  now += 31 * DAY
  const second = await startApiServer({
    parts: { clock },
    env: { STRATA_AUDIT_DAYS: '30', STRATA_DATA_DIR: api.dataDir },
  })
  await second.brain.audit.record({ ...entry, detail: { n: 'young' } })
  const { items } = await second.brain.audit.list({ action: 'instance.input', limit: 500 })
  expect(items.map(item => item.detail)).toEqual([{ n: 'young' }])
  await second.close()
})
