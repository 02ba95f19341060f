import type { Page } from 'playwright-core'
import { INSTANCE_STATE_NAMES } from '../../shared/domain/instance-state'

const WORDS = INSTANCE_STATE_NAMES.map(name => `${name[0]}${name.slice(1).toLowerCase()}`)

/**
 * Writes down every word that the state on screen shows from now on, however short it is there: a look now and then
 * would miss some. Returns the way to read it, in order; that throws when the page was loaded anew meanwhile.
 */
export async function keepStateJournal(page: Page): Promise<() => Promise<string[]>> {
  const journal = await page.evaluateHandle(words => {
    const seen: string[] = []
    const write = () => {
      const shown = document.querySelector('section[aria-label="State"]')?.textContent?.trim() ?? ''
      const word = words.find(candidate => shown.startsWith(candidate))
      if (word && seen.at(-1) !== word) seen.push(word)
    }
    new MutationObserver(write).observe(document, { subtree: true, childList: true, characterData: true })
    write()
    return seen
  }, WORDS)
  return () => journal.jsonValue()
}
