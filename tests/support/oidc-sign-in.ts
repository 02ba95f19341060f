/** A browser of the tests: keeps cookies per origin and stops where it is told to. */
export function cookieBrowser() {
  const jars = new Map<string, Map<string, string>>()
  const jarOf = (url: URL) => {
    const jar = jars.get(url.origin) ?? new Map<string, string>()
    jars.set(url.origin, jar)
    return jar
  }
  const cookieFor = (url: URL) => [...jarOf(url)].map(([name, value]) => `${name}=${value}`).join('; ')

  async function go(to: URL): Promise<{ status: number; next: URL | undefined; text: string }> {
    const response = await fetch(to, {
      redirect: 'manual',
      headers: { cookie: cookieFor(to), 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';')
      const at = pair.indexOf('=')
      if (attributes.some(attribute => /max-age=0/i.test(attribute)) || pair.endsWith('='))
        jarOf(to).delete(pair.slice(0, at))
      else jarOf(to).set(pair.slice(0, at), pair.slice(at + 1))
    }
    const location = response.headers.get('location')
    return { status: response.status, next: location ? new URL(location, to) : undefined, text: await response.text() }
  }

  return {
    go,
    cookieFor,
    cookie: (url: URL, name: string) => jarOf(url).get(name),
    setCookie: (url: URL, name: string, value: string) => jarOf(url).set(name, value),
    /** Follows until an address `until` says yes to; that one is not asked any more. */
    async follow(from: URL, until: (url: URL) => boolean): Promise<URL> {
      let at = from
      for (let step = 0; step < 12; step++) {
        const { next, status, text } = await go(at)
        if (!next) throw new Error(`${at.href} answered ${status} and no way on: ${text.slice(0, 300)}`)
        if (until(next)) return next
        at = next
      }
      throw new Error(`no end of redirects at ${at.href}`)
    },
  }
}
