import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

export interface PanelLook {
  width: number
  dark: boolean
  locale?: string
}

/** A page of the panel in a session of its own, with everything its console complained about. */
export async function openPanelPage(
  browser: Browser,
  origin: string,
  account: { username: string; password: string } | null,
  look: PanelLook = { width: 1_440, dark: false },
) {
  const context = await browser.newContext({
    viewport: { width: look.width, height: 900 },
    colorScheme: look.dark ? 'dark' : 'light',
    locale: look.locale ?? 'en-GB',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', error => complaints.push(String(error)))
  if (account) {
    const answer = await context.request.post(`${origin}/api/v1/auth/login`, { data: account, headers: { origin } })
    if (answer.status() !== 200) throw new Error(`sign-in answered ${answer.status()}: ${await answer.text()}`)
  }
  return {
    page,
    context,
    complaints,
    /** Opens an address and waits until it is quiet; complaints are those of this page alone. */
    async visit(path: string): Promise<void> {
      complaints.length = 0
      await page.goto(origin + path, { waitUntil: 'networkidle' })
    },
  }
}

/** What axe finds on a page, one line each; empty when all is well. */
export async function axeFindings(page: Page): Promise<string[]> {
  // Not as a script element: the page's content policy would rightly refuse it.
  await page.evaluate(axe.source)
  return page.evaluate(async rules => {
    const { axe } = globalThis as unknown as {
      axe: {
        run: (on: Document, options: object) => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>
      }
    }
    const { violations } = await axe.run(document, { runOnly: rules })
    return violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html.slice(0, 160)}`))
  }, RULES)
}

/** Pixels by which the page is wider than the window: nobody should have to scroll sideways to read it. */
export function sidewaysPixels(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
}
