import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { keepPicture, launchBrowser } from '../support/browser'
import { runInShell } from '../support/program'
import type { Program } from '../support/program'
import { openStrata } from '../support/strata'
import type { Strata } from '../support/strata'
import { askTeeworlds } from '../support/teeworlds'
import { heldByDocker, nodeSettings, removeFromDocker } from './game-house'
import { openPerson } from './person'
import type { Person } from './person'
import { keepStateJournal } from './state-journal'
import { escapingArchive, packTeeworlds } from './teeworlds-layers'
import { dropFiles, slowUploads } from './uploading'

const ADMIN = { username: 'ada', password: 'a long enough password' }
const NODE = 'cellar'
const SERVER = 'ctf-1'
const WAY_UP = ['Requested', 'Preparing', 'Prepared', 'Starting', 'Running']
const WAY_DOWN = ['Stopping', 'Stopped']

/** What lasts for less than the eye sees may be left out, but nothing is ever shown out of turn. */
function expectInTurn(shown: string[], order: string[]): void {
  expect(shown).toEqual(order.filter(word => shown.includes(word)))
  expect(shown.at(-1)).toBe(order.at(-1))
}

/**
 * Point 4 of the main job: somebody who has never seen the panel builds a server from layers and looks after it. Things are
 * found as that person finds them, by role and name on screen. Each part goes on where the one before ended.
 */
describe('the main job, in the browser', () => {
  let strata: Strata
  let brain: Program
  let agent: Program
  let browser: Browser
  let ada: Person
  let setUpLink: string
  let port: number
  let id: string

  beforeAll(async () => {
    strata = await openStrata({ STRATA_ADMIN_USER: '', STRATA_ADMIN_PASSWORD: '' })
    brain = await strata.startBrain()
    browser = await launchBrowser()
    ada = await openPerson(browser, strata.origin)
  })
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return
    await keepPicture(ada.page, task.name)
    ada.complaints()
  })
  afterAll(async () => {
    await browser?.close()
    await agent?.end('SIGKILL')
    if (id) removeFromDocker(id)
    await strata?.close()
  })

  const press = (action: string) =>
    ada
      .role('group', { name: `What to do with ${SERVER}` })
      .getByRole('button', { name: action, exact: true })
      .click()

  it('makes the first administrator by the link that the brain printed', async () => {
    setUpLink = /http:\S+\/setup\?token=[^\s"]+/.exec(brain.said())![0]
    await ada.page.goto(setUpLink)
    await ada.see(ada.role('heading', { name: 'Set up Strata' }))
    await ada.look()
    expect(ada.page.url()).toBe(`${strata.origin}/setup`)
    await ada.role('textbox', { name: 'Name' }).fill(ADMIN.username)
    await ada.role('textbox', { name: 'Password' }).fill('short')
    await ada.role('button', { name: 'Create administrator' }).click()
    await ada.see(ada.page.getByText('at least 10 characters'))
    await ada.role('textbox', { name: 'Password' }).fill(ADMIN.password)
    await ada.role('button', { name: 'Create administrator' }).click()
    await ada.see(ada.role('heading', { name: 'Overview' }))
    await ada.page.goto(setUpLink)
    await ada.see(ada.role('heading', { name: 'Strata is set up already' }))
    expect(ada.complaints()).toEqual([])
  })

  it('refuses a wrong password in words and signs in with the right one', async () => {
    await ada.role('link', { name: 'To the sign-in' }).click()
    await ada.see(ada.role('heading', { name: 'Overview' }))
    await ada.role('button', { name: ADMIN.username }).click()
    await ada.role('menuitem', { name: 'Sign out' }).click()
    await ada.see(ada.role('heading', { name: 'Sign in' }))
    await ada.role('textbox', { name: 'Name' }).fill(ADMIN.username)
    await ada.role('textbox', { name: 'Password' }).fill('not that one, sorry')
    await ada.role('button', { name: 'Sign in' }).click()
    await ada.see(ada.role('alert').getByText('Wrong name or password'))
    await ada.look()
    expect(await ada.role('textbox', { name: 'Name' }).inputValue()).toBe(ADMIN.username)
    await ada.role('textbox', { name: 'Password' }).fill(ADMIN.password)
    await ada.role('button', { name: 'Sign in' }).click()
    await ada.see(ada.role('heading', { name: 'Overview' }))
    expect(ada.complaints(/^401 GET .*\/auth\/me$/, /^401 POST .*\/auth\/login$/)).toEqual([])
  })

  it('says what to do first, on every empty page', async () => {
    await ada.see(ada.role('region', { name: 'Begin here' }))
    await ada.look()
    for (const [place, words] of [
      ['Servers', 'No servers yet'],
      ['Templates', 'No templates yet'],
      ['Nodes', 'No nodes yet'],
      ['Users', ADMIN.username],
      ['Tokens', 'No tokens yet'],
      ['Audit log', 'auth.login'],
    ] as const) {
      await ada.go(place)
      await ada.see(ada.role('main').getByText(words))
      await ada.look()
    }
    expect(ada.complaints()).toEqual([])
  })

  it('joins a machine by the copied line, and sees it come', async () => {
    await ada.go('Overview')
    await ada.role('link', { name: 'Add a node' }).click()
    const dialog = ada.role('dialog', { name: 'Add a node' })
    await dialog.getByRole('textbox', { name: 'Name' }).fill(NODE)
    await ada.look()
    await dialog.getByRole('button', { name: 'Get the command' }).click()
    await ada.see(dialog.getByRole('status').getByText('Waiting for the agent'))
    await dialog.getByRole('button', { name: 'Copy' }).click()
    await ada.see(dialog.getByRole('button', { name: 'Copied' }))
    await ada.look()
    const line = await ada.page.evaluate(() => navigator.clipboard.readText())
    expect(line).toBe((await dialog.getByRole('code').innerText()).trim())
    agent = runInShell(line, strata.folder, await nodeSettings(strata, NODE))
    await ada.see(dialog.getByRole('status').getByText(`${NODE} is connected.`))
    await ada.look()
    await dialog.getByRole('link', { name: 'Show the node' }).click()
    await ada.see(ada.role('heading', { name: NODE }))
    await ada.look()
    expect(ada.complaints()).toEqual([])
  })

  it('publishes three archives with progress, and cancels one on the way', async () => {
    const archives = packTeeworlds(strata.folder)
    await ada.go('Templates')
    await ada.role('button', { name: 'Publish' }).first().click()
    const dialog = ada.role('dialog', { name: 'Publish templates' })
    const chooser = ada.page.waitForEvent('filechooser')
    await dialog.getByRole('button', { name: 'Drop archives here' }).click()
    await (await chooser).setFiles(Object.values(archives))
    const item = (file: string) => dialog.getByRole('region', { name: file })
    const base = item('tw-base-1.0.0.tar.gz')
    expect(await base.getByRole('textbox', { name: 'Template' }).inputValue()).toBe('tw-base')
    expect(await base.getByRole('textbox', { name: 'Version' }).inputValue()).toBe('1.0.0')
    await ada.look()

    const slowLine = await slowUploads(ada.page, 300_000)
    await base.getByRole('button', { name: 'Publish' }).click()
    await ada.see(base.getByRole('progressbar', { name: 'Upload of tw-base-1.0.0.tar.gz' }))
    await ada.see(base.getByText(/of 1\.4 MB/))
    await ada.see(base.getByText(/KB\/s/))
    await ada.look()
    await base.getByRole('button', { name: 'Cancel' }).click()
    await base.getByRole('button', { name: 'Publish' }).click()
    await slowLine.end()
    for (const file of ['tw-ctf-1.0.0.tar.gz', 'tw-map-1.0.0.tar.gz'])
      await item(file).getByRole('button', { name: 'Publish' }).click()
    await ada.see(base.getByText('tw-base, version 1.0.0, is published: 6 files.'))
    await ada.see(dialog.getByText('tw-ctf, version 1.0.0, is published: 1 file.'))
    await ada.see(dialog.getByText('tw-map, version 1.0.0, is published: 1 file.'))
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    await ada.look()
    expect(ada.complaints()).toEqual([])
  })

  it('says which entry of a bad archive is at fault, and adds nothing', async () => {
    await dropFiles(ada.role('table'), { 'evil-1.0.tar.gz': escapingArchive(), 'notes.txt': Buffer.from('words') })
    const dialog = ada.role('dialog', { name: 'Publish templates' })
    await ada.see(dialog.getByRole('alert').getByText('Not an archive Strata can read: notes.txt'))
    const item = dialog.getByRole('region', { name: 'evil-1.0.tar.gz' })
    await item.getByRole('button', { name: 'Publish' }).click()
    const alert = item.getByRole('alert')
    await ada.see(alert.getByText('An entry leaves the archive'))
    expect(await alert.innerText()).toContain('../x')
    await ada.look()
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    await ada.see(ada.role('link', { name: 'tw-base' }))
    expect(await ada.role('row').count()).toBe(4)
    expect(ada.complaints(/^422 PUT .*\/templates\/evil\/versions\/1\.0$/)).toEqual([])
  })

  it('puts layers in order by keyboard and sees what they become', async () => {
    await ada.go('Servers')
    await ada.role('link', { name: 'New server' }).first().click()
    await ada.role('textbox', { name: 'Name of the server' }).fill(SERVER)
    await ada.look()
    for (const name of ['tw-map', 'tw-base', 'tw-ctf']) {
      await ada.role('combobox', { name: 'Add a template by name' }).fill(name.slice(3))
      await ada.see(ada.role('option', { name }))
      await ada.page.keyboard.press('Enter')
      await ada.see(ada.role('button', { name: `Move ${name}` }))
    }
    await ada.role('button', { name: 'Move tw-map, layer 1' }).focus()
    await ada.page.keyboard.press('ArrowUp')
    await ada.page.keyboard.press('ArrowUp')
    await ada.see(ada.role('button', { name: 'Move tw-map, layer 3' }))
    const merged = ada.role('tree', { name: 'Merged files' })
    await ada.see(
      merged.getByRole('treeitem', { name: 'map.cfg' }).getByTitle('From layer 3, tw-map. Overrides tw-base'),
    )
    await ada.see(
      merged.getByRole('treeitem', { name: 'rules.cfg' }).getByTitle('From layer 2, tw-ctf. Overrides tw-base'),
    )
    await ada.look()
    expect(ada.complaints()).toEqual([])
  })

  it('asks for the variable that is required, creates, and follows the server until the game answers', async () => {
    const create = ada.role('button', { name: 'Create and start' })
    await create.click()
    await ada.see(ada.page.getByText('RCON_PASSWORD needs a value'))
    await ada.look()
    await ada.role('textbox', { name: 'RCON_PASSWORD' }).fill('sesame-9f3')
    await ada.role('textbox', { name: 'TITLE' }).fill('Capture the flag')
    await ada.see(ada.page.getByText(`It would run on ${NODE}.`))
    const shown = await keepStateJournal(ada.page)
    await create.click()
    await ada.see(ada.role('heading', { name: SERVER }))
    await ada.see(ada.state('Running'), 60_000)
    id = new URL(ada.page.url()).pathname.split('/').at(-1)!
    expectInTurn(await shown(), WAY_UP)
    const events = ada.role('region', { name: 'Events' })
    for (const [at, word] of WAY_UP.slice(1).entries())
      await expect.poll(() => events.innerText()).toMatch(new RegExp(`${word}\\s+from ${WAY_UP[at]}`))
    expect(await events.innerText()).toContain(`Placed on "${NODE}"`)
    expect(await events.innerText()).toContain(`by ${ADMIN.username} · create.requested`)

    const address = await ada
      .role('region', { name: 'Facts' })
      .getByText(/^127\.0\.0\.1:\d+$/)
      .innerText()
    port = Number(address.split(':')[1])
    const game = await askTeeworlds('127.0.0.1', port)
    expect(game).toMatchObject({ name: 'Capture the flag in ctf-1', map: 'ctf2', gameType: 'CTF' })
    await ada.role('button', { name: 'Files by origin' }).click()
    await ada.see(ada.role('treeitem', { name: 'rules.cfg' }).getByTitle('From layer 2, tw-ctf. Overrides tw-base'))
    await ada.look()
    expect(ada.complaints()).toEqual([])
  })

  it('reads the console and says something to the server', async () => {
    const output = ada.role('log', { name: 'Output of the server' })
    await ada.see(output.getByText("server name is 'Capture the flag in ctf-1'"))
    await ada.role('textbox', { name: `Line to ${SERVER}` }).fill('sv_name "Renamed by hand"')
    await ada.role('button', { name: 'Send' }).click()
    await ada.see(output.getByText('cmd=\'sv_name "Renamed by hand"\''))
    await expect.poll(async () => (await askTeeworlds('127.0.0.1', port)).name).toBe('Renamed by hand')
    expect(ada.complaints()).toEqual([])
  })

  it('stops, starts, restarts and kills, and the state follows', async () => {
    const after = async (action: string, end: string) => {
      const shown = await keepStateJournal(ada.page)
      await press(action)
      await expect.poll(async () => (await shown()).slice(1).at(-1), { timeout: 60_000 }).toBe(end)
      return shown()
    }
    const answer = () => askTeeworlds('127.0.0.1', port, 500)
    expectInTurn(await after('Stop', 'Stopped'), ['Running', ...WAY_DOWN])
    await expect(answer()).rejects.toThrow()
    await ada.look()
    expectInTurn(await after('Start', 'Running'), ['Stopped', ...WAY_UP])
    expect(await answer()).toMatchObject({ name: 'Capture the flag in ctf-1' })
    const [first, ...round] = await after('Restart', 'Running')
    expect(first).toBe('Running')
    expectInTurn(round, [...WAY_DOWN, ...WAY_UP])
    expect(round.length).toBeGreaterThan(1)
    expectInTurn(await after('Kill', 'Stopped'), ['Running', ...WAY_DOWN])
    await expect(answer()).rejects.toThrow()
    expect(ada.complaints()).toEqual([])
  })

  it('destroys after the name was typed, and nothing is left', async () => {
    await press('Destroy')
    const dialog = ada.role('dialog', { name: `Destroy ${SERVER}?` })
    const destroy = dialog.getByRole('button', { name: 'Destroy' })
    await dialog.getByRole('textbox', { name: 'Name of the server' }).fill('ctf-2')
    expect(await destroy.isDisabled()).toBe(true)
    await ada.look()
    await dialog.getByRole('textbox', { name: 'Name of the server' }).fill(SERVER)
    await destroy.click()
    await ada.see(ada.state('Destroyed'), 30_000)
    await ada.look()
    expect(heldByDocker(id)).toEqual([])
    expect(readdirSync(join(strata.folder, 'nodes', NODE, 'stacks'))).toEqual([])
    await ada.go('Servers')
    await ada.see(ada.role('main').getByText('No servers yet'))
    expect(ada.complaints()).toEqual([])
  })
})
