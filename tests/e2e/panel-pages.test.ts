import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { file, tarGz } from '../factories/tar'
import { createFakeAgent, type FakeAgent } from '../fakes/fake-agent'
import type { ApiClient } from '../support/api-client'
import { launchBrowser } from '../support/browser'
import { axeFindings, openPanelPage, sidewaysPixels } from '../support/panel-page'
import type { Program } from '../support/program'
import { openStrata, type Strata } from '../support/strata'

/** Every page of the panel as somebody meets it who cannot see, has a phone, may only look, or loses the connection. */
const VIEWER = { username: 'victor', password: 'only looks at things' }
const BASE = `type: master
description: A server that says things
variables:
  MOTD: { description: Shown in the list, default: "Welcome" }
  ADMIN_TOKEN: { secret: true, required: true }
runtime:
  image: busybox
  command: [sh, -c, "sleep 1000"]
  ports: [{ name: game, protocol: tcp }]
`

let strata: Strata
let brain: Program
let browser: Browser
let admin: ApiClient
let agent: FakeAgent
const ids = { node: '', running: '', waiting: '' }

async function create(name: string, extra: object = {}): Promise<string> {
  const layers = [{ template: 'talker' }, { template: 'harbour' }]
  const body = { name, layers, variables: { ADMIN_TOKEN: 'secret' }, ...extra }
  return String((await admin.expectStatus(201, 'POST', '/instances', body)).body.id)
}

beforeAll(async () => {
  strata = await openStrata({ STRATA_EXAMPLE: 'off', STRATA_LOCAL_NODE: 'off' })
  brain = await strata.startBrain()
  browser = await launchBrowser()
  admin = await strata.signIn()
  const joined = (await admin.expectStatus(201, 'POST', '/nodes', { name: 'machine', region: 'eu', tags: ['ssd'] }))
    .body
  ids.node = (joined.node as { id: string }).id
  agent = createFakeAgent({
    brainUrl: strata.origin,
    joinToken: String(joined.joinToken),
    behaviour: { consoleEveryMs: 200, statsEveryMs: 500 },
  })
  await agent.connect()
  const talker = tarGz(
    file('strata.yaml', BASE),
    file('config/server.properties', 'motd=${MOTD}\n'),
    file('mods/old.jar', 'x'),
  )
  const harbour = tarGz(
    file('strata.yaml', 'type: map\nremove: ["mods/**"]\n'),
    file('config/server.properties', 'motd=harbour\n'),
    file('world/level.dat', 'y'),
  )
  await admin.expectStatus(201, 'PUT', '/templates/talker/versions/1.0.0', talker)
  await admin.expectStatus(201, 'PUT', '/templates/harbour/versions/3', harbour)
  await admin.expectStatus(201, 'POST', '/users', { ...VIEWER, role: 'viewer' })
  await admin.expectStatus(200, 'PUT', '/variables/network/all/MOTD', { value: 'From the network' })
  await admin.expectStatus(200, 'PUT', `/variables/node/${ids.node}/ADMIN_TOKEN`, { value: 'hidden', secret: true })
  ids.running = await create('a-server-with-a-name-as-long-as-it-may-be-which-is-64-characters')
  ids.waiting = await create('waits-for-a-node', { placement: { region: 'nowhere' } })
  await admin.state(ids.running, 'RUNNING')
})

afterAll(async () => {
  await browser?.close()
  await agent?.close()
  await strata?.close()
})

const LOOKS = [
  { width: 1_440, dark: false },
  { width: 360, dark: true },
  { width: 360, dark: false, locale: 'de-DE' },
  { width: 2_560, dark: true },
]

describe.each(LOOKS)('at $width px, dark: $dark, $locale', look => {
  const pages: [string, () => string][] = [
    ['overview', () => '/'],
    ['servers', () => '/instances'],
    ['a running server', () => `/instances/${ids.running}`],
    ['a waiting server', () => `/instances/${ids.waiting}`],
    ['a new server', () => '/instances/new?template=talker'],
    ['changing a server', () => `/instances/${ids.running}/edit`],
    ['variables', () => '/variables'],
    ['nodes', () => '/nodes'],
    ['a node', () => `/nodes/${ids.node}`],
    ['templates', () => '/templates'],
    ['a template', () => '/templates/talker'],
    ['users', () => '/users'],
    ['tokens', () => '/tokens'],
    ['audit', () => '/audit'],
    ['operations', () => '/operations'],
    ['settings', () => '/settings'],
    ['account', () => '/account'],
  ]

  let panel: Awaited<ReturnType<typeof openPanelPage>>
  beforeAll(async () => {
    panel = await openPanelPage(browser, strata.origin, strata.admin, look)
  })
  afterAll(() => panel.context.close())

  it.each(pages)('%s can be used by everybody', async (_name, path) => {
    const { page, complaints, visit } = panel
    await visit(path())
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(await axeFindings(page)).toEqual([])
    expect(await sidewaysPixels(page)).toBeLessThanOrEqual(0)
    expect(complaints).toEqual([])
  })

  it('the sign-in can be used by everybody', async () => {
    const { page, context, visit } = await openPanelPage(browser, strata.origin, null, look)
    await visit('/login')
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(await axeFindings(page)).toEqual([])
    expect(await sidewaysPixels(page)).toBeLessThanOrEqual(0)
    await context.close()
  })
})

it('a viewer sees no button that would be refused', async () => {
  const { page, context, visit } = await openPanelPage(browser, strata.origin, VIEWER)
  const forbidden =
    /^(New server|Stop|Start|Restart|Kill|Retry|Destroy|Send|Publish( version)?|Add (node|variable)|Edit|Change.*|Replace.*|Take.*|Remove.*|Empty.*|Select.*|What to do with.*)$/
  for (const path of [
    '/',
    '/instances',
    `/instances/${ids.running}`,
    '/nodes',
    `/nodes/${ids.node}`,
    '/templates',
    '/templates/talker',
    '/variables',
  ]) {
    await visit(path)
    await page.getByRole('heading', { level: 1 }).waitFor()
    const names = await page
      .getByRole('main')
      .locator('button, a, input[type=checkbox], [role=switch]')
      .evaluateAll(found =>
        found.map(element => element.getAttribute('aria-label') ?? element.textContent?.trim() ?? ''),
      )
    expect({ path, names: names.filter(name => forbidden.test(name)) }).toEqual({ path, names: [] })
  }
  await visit('/users')
  await page.getByRole('heading', { name: 'Your role does not allow this page' }).waitFor()
  await context.close()
})

it('somebody else changing the same server costs nothing that was typed', async () => {
  const { page, context, complaints, visit } = await openPanelPage(browser, strata.origin, strata.admin)
  await visit(`/instances/${ids.waiting}/edit`)
  await page.getByLabel('MOTD').fill('mine')
  await page.getByText('MOTD=mine').waitFor()
  await admin.expectStatus(200, 'PATCH', `/instances/${ids.waiting}`, { description: 'theirs' })
  await page.getByText('Somebody else changed this server meanwhile').waitFor()
  expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true)
  await page.getByRole('button', { name: 'Take theirs over, keep mine' }).click()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.waitForURL(`${strata.origin}/instances/${ids.waiting}`)
  const { body } = await admin.expectStatus(200, 'GET', `/instances/${ids.waiting}`)
  expect(body).toMatchObject({ description: 'theirs', variables: { MOTD: 'mine', ADMIN_TOKEN: '••••••' } })
  expect(complaints).toEqual([])
  await context.close()
})

it('an ended session leads to the sign-in and back to the same place', async () => {
  const { page, context, visit } = await openPanelPage(browser, strata.origin, strata.admin)
  await visit('/instances?state=REQUESTED')
  await page.getByRole('link', { name: 'waits-for-a-node' }).waitFor()
  await page.evaluate(() => fetch('/api/v1/auth/logout', { method: 'POST' }))
  await page.waitForURL(/\/login\?/)
  await page.getByRole('textbox', { name: 'Name' }).fill(strata.admin.username)
  await page.getByLabel('Password').fill(strata.admin.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${strata.origin}/instances?state=REQUESTED`)
  await page.getByRole('link', { name: 'waits-for-a-node' }).waitFor()
  await context.close()
})

it('what a server says is text and nothing else', async () => {
  const { page, context, complaints, visit } = await openPanelPage(browser, strata.origin, strata.admin)
  await visit(`/instances/${ids.running}`)
  const said = '<img src=x onerror="document.title=1"> \u001B]0;owned\u0007\u001B[31mred\u001B[0m'
  const log = page.getByRole('log')
  await log.getByText('It is').first().waitFor()
  agent.instances.get(ids.running)?.print(said)
  await log.getByText('<img src=x onerror="document.title=1"> red').waitFor()
  expect(await log.locator('img').count()).toBe(0)
  expect(await log.getByText('red', { exact: true }).getAttribute('class')).toContain('ansi-fg-1')
  expect(complaints).toEqual([])
  await context.close()
})

it('a change in the world is on the page without a reload', async () => {
  const { page, context, visit } = await openPanelPage(browser, strata.origin, strata.admin)
  await visit('/instances')
  const row = page.getByRole('row', { name: /a-server-with-a-name/ })
  await row.getByText('Running').waitFor()
  await admin.expectStatus(202, 'POST', `/instances/${ids.running}/stop`)
  await row.getByText('Stopped').waitFor()
  await admin.expectStatus(202, 'POST', `/instances/${ids.running}/start`)
  await row.getByText('Running').waitFor()
  await context.close()
})

it('a lost brain is said, and the page is right again when it is back', async () => {
  const { page, context, visit } = await openPanelPage(browser, strata.origin, strata.admin)
  await visit('/instances')
  await page
    .getByRole('row', { name: /a-server-with-a-name/ })
    .getByText('Running')
    .waitFor()
  await brain.end('SIGKILL')
  await page.getByRole('status').filter({ hasText: 'Connection to the brain lost' }).waitFor()
  brain = await strata.startBrain()
  await page.getByText('Connection to the brain lost').waitFor({ state: 'hidden' })
  await create('made-after-the-accident')
  await page.getByRole('link', { name: 'made-after-the-accident' }).waitFor()
  await context.close()
})
