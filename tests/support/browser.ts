import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { findProgram } from './packages.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The system's Chromium; throws when there is none, because a browser test without a browser proves nothing. */
export async function findBrowser(): Promise<string> {
  const path = await findProgram(...NAMES)
  if (!path) throw new Error(`The browser tests need Chromium; none of ${NAMES.join(', ')} is on the path.`)
  return path
}

/** A headless browser with a fresh profile that talks to nobody but the pages it is sent to. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await findBrowser(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Whatever a page asks for, no name is ever looked up.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  })
}

let pictures: string | undefined

/** Keeps what is on screen for whoever has to find out why a test failed, and says where. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  pictures ??= await mkdtemp(join(tmpdir(), 'strata-pictures-'))
  const path = join(pictures, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.png`)
  await page.screenshot({ path, fullPage: true })
  console.error(`Picture of the page: ${path}`)
}
