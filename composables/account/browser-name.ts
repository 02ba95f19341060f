import Bowser from 'bowser'

/** A browser in words, from what it called itself: `Firefox 140 · Linux`. Name null when it said nothing that is known. */
export function describeBrowser(userAgent: string | null): { name: string | null; icon: string } {
  if (!userAgent) return { name: null, icon: 'i-lucide-circle-help' }
  const { browser, os, platform } = Bowser.parse(userAgent)
  const major = browser.version?.split('.')[0]
  const name = [[browser.name, major].filter(Boolean).join(' '), os.name].filter(Boolean).join(' · ')
  return {
    name: name || null,
    icon: platform.type === 'mobile' || platform.type === 'tablet' ? 'i-lucide-smartphone' : 'i-lucide-monitor',
  }
}
