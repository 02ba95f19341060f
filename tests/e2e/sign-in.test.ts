import { Secret, TOTP } from 'otpauth'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { keepPicture, launchBrowser } from '../support/browser'
import { startIssuer } from '../support/oidc-issuer'
import type { Issuer } from '../support/oidc-issuer'
import { openStrata } from '../support/strata'
import type { Strata } from '../support/strata'
import { openPerson } from './person'
import type { Person } from './person'

const ISSUER_NAME = 'Example ID'
/** Whoever signs in elsewhere goes there. */
const AT_THE_ISSUER = /^leaves the machine: http:\/\/127\.0\.0\.1:\d+\/(?:auth|sign-in)/

/** The panel asks who one is before anybody signed in. */
const NOBODY_YET = /^401 GET \/api\/v1\/auth\/me$/

/** Everybody's ways in, each gone by somebody with a browser of their own. */
describe('signing in', () => {
  let strata: Strata
  let issuer: Issuer
  let browser: Browser
  const people: Person[] = []
  /** Of the admin, who must have codes. */
  let recoveryCode: string

  async function somebody(): Promise<Person> {
    const person = await openPerson(browser, strata.origin)
    people.push(person)
    return person
  }

  async function typePassword(who: Person): Promise<void> {
    await who.page.goto(`${strata.origin}/login`)
    await who.role('textbox', { name: 'Name' }).fill(strata.admin.username)
    await who.role('textbox', { name: 'Password' }).fill(strata.admin.password)
    await who.role('button', { name: 'Sign in' }).click()
  }

  beforeAll(async () => {
    strata = await openStrata({ STRATA_EXAMPLE: 'off', STRATA_TOTP_REQUIRED: 'admins' })
    issuer = await startIssuer([`${strata.origin}/api/v1/auth/oidc/callback`], {
      sub: 'a1',
      preferred_username: 'anna',
      groups: ['ops'],
    })
    await strata.startBrain({
      STRATA_OIDC_ISSUER: issuer.url.origin,
      STRATA_OIDC_CLIENT_ID: issuer.clientId,
      STRATA_OIDC_CLIENT_SECRET: issuer.clientSecret,
      STRATA_OIDC_NAME: ISSUER_NAME,
      STRATA_OIDC_ROLE_CLAIM: 'groups',
      STRATA_OIDC_OPERATOR_VALUES: 'ops',
    })
    browser = await launchBrowser()
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail')
      for (const [at, { page }] of people.entries()) await keepPicture(page, `${task.name} ${at}`)
  })
  afterAll(async () => {
    await browser?.close()
    await issuer?.close()
    await strata?.close()
  })

  it('elsewhere leads to the page that was asked for, and leaves no password to change here', async () => {
    const anna = await somebody()
    await anna.page.goto(`${strata.origin}/login?problem=OIDC_NO_ROLE&returnTo=/instances`)
    await anna.see(anna.role('alert').getByText('Your account has no role here'))
    await anna.look()
    await anna.role('link', { name: ISSUER_NAME }).click()
    await anna.see(anna.role('heading', { name: 'Servers', level: 1 }))
    expect(new URL(anna.page.url()).pathname).toBe('/instances')

    await anna.page.goto(`${strata.origin}/account`)
    await anna.see(anna.role('region', { name: 'One-time codes' }).getByText('a second factor is set up there'))
    await anna.see(anna.role('region', { name: 'Signed-in browsers' }))
    expect(await anna.page.locator('input[type=password]').count()).toBe(0)
    await anna.look()
    expect(anna.complaints(AT_THE_ISSUER, NOBODY_YET)).toEqual([])
  })

  it('as somebody who must have one-time codes opens nothing before they are set up', async () => {
    const ada = await somebody()
    await typePassword(ada)
    await ada.page.waitForURL(`${strata.origin}/account`)
    await ada.see(ada.page.getByText('Your account needs one-time codes'))
    await ada.page.goto(`${strata.origin}/users`)
    await ada.page.waitForURL(`${strata.origin}/account`)

    await ada.role('button', { name: 'Set up codes' }).click()
    const dialog = ada.role('dialog')
    await dialog.getByLabel('Current password').fill(strata.admin.password)
    await dialog.getByRole('button', { name: 'Go on' }).click()
    await ada.see(dialog.getByRole('img', { name: 'QR code for the app' }))
    await ada.look()
    const secret = await dialog.getByLabel('Key to type where nothing can be scanned').first().innerText()
    await dialog
      .getByLabel('Code', { exact: true })
      .fill(new TOTP({ secret: Secret.fromBase32(secret.trim()) }).generate())
    await dialog.getByRole('button', { name: 'Go on' }).click()
    recoveryCode = await dialog.getByRole('listitem').first().innerText()
    await ada.look()
    await dialog.getByRole('button', { name: 'I have kept them' }).click()
    await ada.go('Users')
    expect(ada.complaints(NOBODY_YET)).toEqual([])
  })

  it('with a password asks for a code as well, and a recovery code will do once', async () => {
    const again = await somebody()
    await typePassword(again)
    const code = again.role('textbox', { name: 'Code' })
    await code.fill('000000')
    await again.role('button', { name: 'Sign in' }).click()
    await again.see(again.role('alert'))
    await again.look()
    await code.fill(recoveryCode)
    await again.role('button', { name: 'Sign in' }).click()
    await again.see(again.role('heading', { name: 'Overview' }))
    expect(again.complaints(/^401 (?:POST|GET) \/api\/v1\/auth\//)).toEqual([])

    // The role of somebody from elsewhere is not for an admin here to give.
    await again.go('Users')
    await again.role('button', { name: 'What to do with anna' }).click()
    await again.role('menuitem', { name: 'Change rights' }).click()
    const dialog = again.role('dialog')
    await again.see(dialog.getByText('is read at each sign-in'))
    expect(await dialog.getByRole('radio').count()).toBe(0)
    await again.look()
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'hidden' })

    const third = await somebody()
    await typePassword(third)
    await third.role('textbox', { name: 'Code' }).fill(recoveryCode)
    await third.role('button', { name: 'Sign in' }).click()
    await third.see(third.role('alert'))
    expect(again.complaints()).toEqual([])
  })

  it('lets everybody read the document of the API, from this machine alone', async () => {
    const [anna] = people
    await anna!.page.goto(strata.origin)
    await anna!.role('button', { name: 'anna' }).click()
    await anna!.role('menuitem', { name: 'API' }).click()
    await anna!.see(anna!.role('heading', { name: 'Strata' }))
    expect(anna!.complaints(NOBODY_YET)).toEqual([])
    await anna!.role('link', { name: 'Back to the panel' }).click()
    await anna!.see(anna!.role('heading', { name: 'Overview' }))
  })
})
