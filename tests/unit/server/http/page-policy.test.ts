import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { pagePolicy } from '../../../../server/http/page-policy'

const hashOf = (code: string) => `'sha256-${createHash('sha256').update(code).digest('base64')}'`

it('lets run what the page was rendered with, and nothing else', () => {
  const html = `<head><script>first()</script><script type="importmap">{"imports":{}}</script><script type="module" src="/_nuxt/x.js" crossorigin></script></head>
    <body><script type="application/json" data-nuxt-data="app">["data()"]</script><script>window.__NUXT__={}\n</script></body>`
  const scripts = /script-src ([^;]*)/.exec(pagePolicy(html))?.[1]?.split(' ')
  expect(scripts).toEqual(["'self'", hashOf('first()'), hashOf('{"imports":{}}'), hashOf('window.__NUXT__={}\n')])
})
