/** Making one of these takes as long as drawing a table row: they are made once for each language. */
const made = new Map<string, ReturnType<typeof make>>()

/**
 * Formatters for a language of the panel. The region's way of writing dates is the browser's, when the browser speaks
 * that language.
 */
export function formattersOf(language: string) {
  const known = made.get(language)
  if (known) return known
  const fresh = make(navigator.languages.find(tag => tag.split('-')[0] === language) ?? language)
  made.set(language, fresh)
  return fresh
}

function make(tag: string) {
  return {
    number: new Intl.NumberFormat(tag, { maximumFractionDigits: 1 }),
    whole: new Intl.NumberFormat(tag, { maximumFractionDigits: 0 }),
    percent: new Intl.NumberFormat(tag, { style: 'percent', maximumFractionDigits: 0 }),
    exact: new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'medium' }),
    clock: new Intl.DateTimeFormat(tag, { timeStyle: 'medium' }),
    relative: new Intl.RelativeTimeFormat(tag, { numeric: 'auto' }),
  }
}
