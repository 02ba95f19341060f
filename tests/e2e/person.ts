import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { axeFindings, sidewaysPixels } from '../support/panel-page'
import { waitFor } from '../support/wait-for'

const DESK = { width: 1_366, height: 900 }
/** On a busy machine with two cores everything takes its time. */
const SOON_MS = 20_000
const PHONE = { width: 360, height: 740 }
/** A refused answer is told once, with its address; the browser's own line about it says less. */
const TOLD_BY_RESPONSE = 'Failed to load resource: the server responded with a status'

/** Somebody in front of a browser of their own, who notices what a person would complain about. */
export interface Person {
  page: Page
  context: BrowserContext
  /** What the person finds by what it is and how it is called. */
  role: Page['getByRole']
  /** Waits until it is on screen. */
  see: (what: Locator, timeoutMs?: number) => Promise<void>
  /** Goes to one of the places at the side. */
  go: (place: string) => Promise<void>
  /** The word for the state of the server whose page is open. */
  state: (word: string) => Locator
  signIn: (account: { username: string; password: string }) => Promise<void>
  /** Whatever the browser complained about since the last call, but what was `expected`: empty when all is well. */
  complaints: (...expected: RegExp[]) => string[]
  /** Looks closely at what is on screen, light and dark and on a phone; throws with everything that is not right. */
  look: () => Promise<void>
}

export async function openPerson(browser: Browser, origin: string): Promise<Person> {
  const context = await browser.newContext({ viewport: DESK, locale: 'en-GB', reducedMotion: 'reduce' })
  context.setDefaultTimeout(SOON_MS)
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin })
  const page = await context.newPage()
  let heard: string[] = []

  page.on('console', message => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    if (!message.text().startsWith(TOLD_BY_RESPONSE)) heard.push(`console: ${message.text()}`)
  })
  page.on('pageerror', error => heard.push(`uncaught: ${error.stack ?? error.message}`))
  page.on('response', response => {
    const { pathname } = new URL(response.url())
    if (response.status() >= 400) heard.push(`${response.status()} ${response.request().method()} ${pathname}`)
  })
  const atHome = (url: string) => /^(?:data|blob):/.test(url) || new URL(url).host === new URL(origin).host
  page.on('request', request => atHome(request.url()) || heard.push(`leaves the machine: ${request.url()}`))
  page.on('websocket', socket => atHome(socket.url()) || heard.push(`leaves the machine: ${socket.url()}`))

  const role: Page['getByRole'] = (...args) => page.getByRole(...args)
  return {
    page,
    context,
    role,
    see: (what, timeoutMs = SOON_MS) => what.first().waitFor({ timeout: timeoutMs }),
    async go(place) {
      await role('navigation', { name: 'Places' }).getByRole('link', { name: place, exact: true }).click()
      await role('heading', { name: place, level: 1 }).waitFor()
    },
    state: word => role('region', { name: 'State', exact: true }).getByText(word, { exact: true }),
    async signIn({ username, password }) {
      await page.goto(`${origin}/login`)
      await role('textbox', { name: 'Name' }).fill(username)
      await role('textbox', { name: 'Password' }).fill(password)
      await role('button', { name: 'Sign in' }).click()
      await role('heading', { name: 'Overview' }).waitFor()
    },
    complaints(...expected) {
      const told = heard
      heard = []
      return told.filter(line => !expected.some(pattern => pattern.test(line)))
    },
    async look() {
      const faults: string[] = []
      for (const scheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: scheme })
        await waitFor(`the ${scheme} look`, () => isCalm(page, scheme))
        faults.push(...(await axeFindings(page)).map(finding => `${scheme}: ${finding}`))
      }
      await page.setViewportSize(PHONE)
      await waitFor('the look of a phone', () => page.evaluate(width => window.innerWidth === width, PHONE.width))
      const sideways = await sidewaysPixels(page)
      if (sideways > 0) faults.push(`at ${PHONE.width} px the page is ${sideways} px too wide`)
      faults.push(...(await axeFindings(page)).map(finding => `phone: ${finding}`))
      await page.setViewportSize(DESK)
      await page.emulateMedia({ colorScheme: 'light' })
      await waitFor('the light look', () => isCalm(page, 'light'))
      if (faults.length > 0) throw new Error(`${page.url()}\n${faults.join('\n')}`)
    },
  }
}

/** Colours are judged when they no longer change. */
function isCalm(page: Page, scheme: 'light' | 'dark'): Promise<boolean> {
  return page.evaluate(
    wanted =>
      document.documentElement.classList.contains(wanted) &&
      document.getAnimations().every(animation => animation.playState !== 'running'),
    scheme,
  )
}
