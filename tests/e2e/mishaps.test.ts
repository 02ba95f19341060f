import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { keepPicture, launchBrowser } from '../support/browser'
import { killContainer, openGameHouse } from './game-house'
import type { GameHouse } from './game-house'
import { openPerson } from './person'
import type { Person } from './person'
import { keepStateJournal } from './state-journal'

const SERVER = 'keeps-going'
const NODE = 'attic'

/** What a browser says when nobody listens any more. It is no fault of the panel. */
const NOBODY_LISTENS = [
  /ERR_SOCKS_CONNECTION_FAILED|ERR_CONNECTION_(?:REFUSED|RESET)/,
  /WebSocket connection to .* failed/,
  /^50\d GET/,
]
/** The console is asked for while the node is away, and says so. */
const NODE_AWAY = /^409 GET .*\/logs$/

/** A page stays open on a running game server while things die around it: it says so, and never lies. */
describe('mishaps, as the browser shows them', () => {
  let house: GameHouse
  let browser: Browser
  let ada: Person

  beforeAll(async () => {
    house = await openGameHouse({ node: NODE, name: SERVER })
    browser = await launchBrowser()
    ada = await openPerson(browser, house.strata.origin)
    await ada.signIn(house.strata.admin)
    await ada.go('Servers')
    await ada.role('link', { name: SERVER }).click()
    await ada.see(ada.state('Running'))
    ada.complaints()
  })
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return
    await keepPicture(ada.page, task.name)
    ada.complaints()
  })
  afterAll(async () => {
    await browser?.close()
    await house?.close()
  })

  const fact = (name: string) => ada.role('region', { name: 'Facts' }).locator(`dt:text-is("${name}") + dd`)

  it('recovers from a killed brain by itself and shows what happened meanwhile', async () => {
    const journal = await keepStateJournal(ada.page)
    const lost = ada.role('status').getByText('Connection to the brain lost')
    await house.killBrain()
    await ada.see(lost)
    await ada.see(ada.state('Running'))
    await ada.look()
    killContainer(house.id)
    await house.startBrain()
    await lost.waitFor({ state: 'hidden', timeout: 30_000 })
    await expect.poll(() => fact('Restarts after crashes').innerText(), { timeout: 30_000 }).toBe('1')
    await ada.see(ada.state('Running'), 30_000)
    await ada.see(ada.role('log').getByText('server name is'))
    expect(await fact('Last exit').innerText()).toContain('Signal SIGKILL')
    expect(await journal()).not.toContain('Failed')
    expect(ada.complaints(...NOBODY_LISTENS, NODE_AWAY)).toEqual([])
  })

  it('shows a node without its agent as out of reach, beside the last known state and never in its place', async () => {
    const journal = await keepStateJournal(ada.page)
    await house.killAgent()
    await ada.see(ada.page.getByText(`${NODE} is out of reach. This is the last known state.`), 40_000)
    await ada.see(ada.role('img', { name: 'The node is out of reach: this is the last known state' }))
    expect(await ada.state('Running').isVisible()).toBe(true)
    await ada.see(fact('Node').getByText('Out of reach'), 40_000)
    await ada.look()
    await ada.go('Overview')
    await ada.see(ada.role('region', { name: 'Needs you now' }).getByRole('link', { name: `${NODE} is out of reach` }))
    await ada.look()
    await ada.go('Servers')
    await ada.see(ada.role('row', { name: `${SERVER} Running` }))
    await ada.look()
    await ada.role('link', { name: SERVER }).click()
    await ada.see(ada.role('log').getByText('What it said could not be read'))
    await ada.look()
    house.startAgent()
    await ada.see(fact('Node').getByText('Online'), 30_000)
    await ada.see(ada.role('log').getByText('server name is'))
    await ada.page.getByText(`${NODE} is out of reach`).waitFor({ state: 'hidden' })
    expect(new Set(await journal())).toEqual(new Set(['Running']))
    expect(ada.complaints(NODE_AWAY)).toEqual([])
  })
})
