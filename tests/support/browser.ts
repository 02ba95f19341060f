import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'
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
    ],
  })
}
