import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startFleetApi } from '../../support/fleet-api'
import type { FleetApi } from '../../support/fleet-api'
import { ensurePrograms } from '../../support/packages'
import { runCommand } from '../../support/run-command'
import { freePort } from '../../support/strata'
import { temporaryFolder } from '../../support/temporary-folder'
import { waitFor } from '../../support/wait-for'

let api: FleetApi
let token: string
beforeAll(async () => {
  await ensurePrograms({ promtool: 'prometheus', prometheus: 'prometheus' })
  api = await startFleetApi()
  token = (await api.ok<{ token: string }>(201, 'POST', '/tokens', { name: 'prometheus', role: 'viewer' })).token
  await api.publish('base@1')
  const { agent } = await api.join('says "hi"\\ there', { heartbeatMs: 50, region: 'eu' })
  const { id } = await api.create({ name: 'lobby "1"' })
  await api.until(id, { state: 'RUNNING' })
  await waitFor('statistics', async () => (await metrics()).includes(`strata_instance_cpu_seconds_total{id="${id}"}`))
  await api.call('GET', `/instances/${id}`)
  agent.instances.get(id)?.crash()
  await waitFor('the crash to be counted', async () =>
    /strata_instance_crashes_total\{node="[^"]+"\} 1/.test(await metrics()),
  )
})
afterAll(() => api?.close())

const EXAMPLE = join(import.meta.dirname, '../../../docs/prometheus')

async function exampleFolder(change = (text: string) => text) {
  const folder = await temporaryFolder()
  await writeFile(join(folder.path, 'token'), token)
  await copyFile(join(EXAMPLE, 'rules.yml'), join(folder.path, 'rules.yml'))
  await writeFile(join(folder.path, 'prometheus.yml'), change(await readFile(join(EXAMPLE, 'prometheus.yml'), 'utf8')))
  return folder
}

async function metrics(query = ''): Promise<string> {
  const answer = await api.request(`/metrics${query}`, { token })
  expect(answer.status).toBe(200)
  return String(answer.body)
}

it('stands before promtool without a word of blame', async () => {
  const promtool = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  promtool.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  promtool.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  promtool.stdin.end(await metrics())
  const [code] = (await once(promtool, 'close')) as [number]
  expect(said).toBe('')
  expect(code).toBe(0)
})

it('is for tokens alone, and tells servers one by one only where that is wanted', async () => {
  expect((await api.request('/metrics')).status).toBe(401)
  expect((await api.request('/metrics', { cookie: await api.cookieOf('admin') })).status).toBe(403)
  expect((await api.request('/metrics', { token: 'strata_wrong' })).status).toBe(401)
  const short = await metrics('?instances=off')
  expect(short).not.toContain('strata_instance_cpu_seconds_total')
  expect(short).toContain('strata_instances{')
})

it('counts requests by pattern and not by address, the store, and what happens to servers', async () => {
  for (let at = 0; at < 20; at++) await api.call('GET', `/instances/no-such-${at}`)
  const text = await waitFor('the requests', async () => {
    const now = await metrics()
    return now.includes(
      'strata_http_request_duration_seconds_count{method="GET",route="/api/v1/instances/:id",status="404"} 20',
    )
      ? now
      : undefined
  })
  expect(text).not.toContain('no-such-')
  expect(text).toMatch(/strata_store_requests_total\{driver="disk",operation="put",outcome="done"\} [1-9]/)
  expect(text).toMatch(/strata_store_written_bytes_total\{driver="disk"\} [1-9]/)
  expect(text).toMatch(/strata_prepare_duration_seconds_count\{result="prepared"\} [1-9]/)
  expect(text).toMatch(/strata_connections\{kind="agent"\} 1/)
  expect(text).toMatch(/strata_node_contact\{node="[^"]+",contact="online"\} 1/)
  expect(text).toMatch(/strata_node_info\{node="[^"]+",name="says \\"hi\\"\\\\ there",region="eu"/)
  expect(text).toMatch(/nodejs_eventloop_lag_seconds /)
})

it('comes with a configuration and rules that promtool takes, about metrics that there are', async () => {
  const folder = await exampleFolder()
  try {
    await runCommand('promtool', ['check', 'config', join(folder.path, 'prometheus.yml')])
    const text = await metrics()
    const named = [...(await readFile(join(EXAMPLE, 'rules.yml'), 'utf8')).matchAll(/strata_[a-z_]+/g)]
    expect(named.length).toBeGreaterThan(5)
    for (const [name] of named) expect(text).toContain(`# TYPE ${name.replace(/_bucket$/, '')} `)
  } finally {
    await folder.remove()
  }
})

it('is scraped by a real Prometheus with the example configuration', async () => {
  const port = await freePort()
  const folder = await exampleFolder(text =>
    text.replaceAll('strata.example.org', api.url.host).replaceAll('https', 'http').replaceAll(/\d+s$/gm, '1s'),
  )
  await mkdir(join(folder.path, 'data'))
  const prometheus = spawn(
    'prometheus',
    [
      `--config.file=${join(folder.path, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder.path, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  )
  const ended = once(prometheus, 'close')
  try {
    const found = await waitFor('a scrape', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=strata_build_info`)
      const servers = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=strata_instance_info`)
      if (!(await servers.text()).includes('strata-servers')) return undefined
      const { data } = (await answer.json()) as { data: { result: unknown[] } }
      return data.result.length > 0 && data.result
    })
    expect(found).toMatchObject([{ metric: { job: 'strata' }, value: [expect.anything(), '1'] }])
  } finally {
    prometheus.kill()
    await ended
    await folder.remove()
  }
})
