import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser'
import { openGameHouse } from './game-house'
import type { GameHouse } from './game-house'
import { openPerson } from './person'
import type { Person } from './person'

const SERVER = 'looked-at'
const NODE = 'loft'
const VIEWER = { username: 'victor', password: 'only looks at things' }

/** Where one goes, what must be there before one looks around, and what is there only for those who may change things. */
const TOUR: {
  at: string
  go: (who: Person) => Promise<void>
  there: (who: Person) => Promise<void>
  acts: string[]
}[] = [
  {
    at: 'the overview',
    go: who => who.go('Overview'),
    there: who => who.see(who.role('region', { name: 'Recent events' }).getByRole('link', { name: SERVER })),
    acts: ['New server'],
  },
  {
    at: 'the servers',
    go: who => who.go('Servers'),
    there: who => who.see(who.role('row', { name: `${SERVER} Running` })),
    acts: ['New server', 'Select all', `Select ${SERVER}`, `What to do with ${SERVER}`],
  },
  {
    at: 'a server',
    go: who =>
      who
        .role('row', { name: `${SERVER} Running` })
        .getByRole('link', { name: SERVER })
        .click(),
    there: who => who.see(who.role('log').getByText('server name is')),
    acts: ['Stop', 'Restart', 'Kill', 'Destroy', `Line to ${SERVER}`, 'Send'],
  },
  {
    at: 'the nodes',
    go: who => who.go('Nodes'),
    there: who => who.see(who.role('row', { name: `${NODE} Online` })),
    acts: ['Add node'],
  },
  {
    at: 'a node',
    go: who =>
      who
        .role('row', { name: `${NODE} Online` })
        .getByRole('link', { name: NODE })
        .click(),
    there: who => who.see(who.role('region', { name: 'Cached layers' }).getByText('tw-base')),
    acts: ['Edit', 'Remove', 'Dev mode', 'Takes new servers', 'All in use'],
  },
  {
    at: 'the templates',
    go: who => who.go('Templates'),
    there: who => who.see(who.role('row', { name: 'tw-base' })),
    acts: ['Publish'],
  },
  {
    at: 'a template',
    go: who => who.role('link', { name: 'tw-base' }).click(),
    there: who => who.see(who.role('tree').getByText('run.sh')),
    acts: ['Publish version', 'Remove version 1.0.0'],
  },
]

/** Names of everything on the page that can be pressed, switched, ticked or typed into. */
async function offered(who: Person): Promise<string[]> {
  const page = await who.role('main').ariaSnapshot()
  return [...page.matchAll(/- '?(?:button|link|switch|checkbox|textbox|combobox) "([^"]+)"/g)].map(([, name]) => name!)
}

describe('somebody who may only look', () => {
  let house: GameHouse
  let browser: Browser
  let ada: Person
  let victor: Person

  beforeAll(async () => {
    house = await openGameHouse({ node: NODE, name: SERVER })
    browser = await launchBrowser()
    ada = await openPerson(browser, house.strata.origin)
    victor = await openPerson(browser, house.strata.origin)
    await ada.signIn(house.strata.admin)
  })
  afterAll(async () => {
    await browser?.close()
    await house?.close()
  })

  it('is let in by an administrator', async () => {
    await ada.go('Users')
    await ada.role('button', { name: 'Add user' }).click()
    const dialog = ada.role('dialog', { name: 'Add user' })
    await dialog.getByRole('textbox', { name: 'Name' }).fill(VIEWER.username)
    await dialog.getByRole('textbox', { name: 'Password' }).fill(VIEWER.password)
    await dialog.getByRole('radio', { name: 'Viewer' }).click()
    await ada.look()
    await dialog.getByRole('button', { name: 'Add user' }).click()
    await ada.see(ada.role('cell', { name: VIEWER.username }))
    await victor.signIn(VIEWER)
    const places = victor.role('navigation', { name: 'Places' })
    const open = ['Overview', 'Servers', 'Templates', 'Nodes', 'Variables', 'Operations']
    expect(await places.getByRole('link').allInnerTexts()).toEqual(open)
  })

  it.each(TOUR)('sees no button at $at that would be refused', async ({ go, there, acts }) => {
    for (const who of [ada, victor]) await go(who)
    for (const who of [ada, victor]) await there(who)
    expect(await offered(ada)).toEqual(expect.arrayContaining(acts))
    expect((await offered(victor)).filter(name => acts.includes(name))).toEqual([])
    await victor.look()
  })

  it('is told so on a page that is not for everybody', async () => {
    await victor.page.goto(`${house.strata.origin}/instances/new`)
    await victor.see(victor.role('heading', { name: 'Your role does not allow this page' }))
    await victor.look()
    // Nuxt tells the console of every page that is refused before the first one was shown.
    expect(victor.complaints(/^401 GET .*\/auth\/me$/, /^console: \[NUXT_E1005\]$/)).toEqual([])
    expect(ada.complaints(/^401 GET .*\/auth\/me$/)).toEqual([])
  })
})
