import { expect, it } from 'vitest'
import { isOwnOrigin } from '../../../../server/http/check-origin'

const PUBLIC = new URL('https://strata.example.org')

it.each([
  [{}, true],
  [{ origin: 'http://panel.lan:3000' }, true],
  [{ origin: 'http://PANEL.lan:3000' }, true],
  [{ origin: 'https://strata.example.org' }, true],
  [{ origin: 'https://strata.example.org:443' }, true],
  [{ referer: 'http://panel.lan:3000/nodes' }, true],
  [{ 'sec-fetch-site': 'none' }, true],
  [{ origin: 'https://evil.example', authorization: 'Bearer x' }, true],
  [{ origin: 'http://panel.lan' }, false],
  [{ origin: 'http://panel.lan:3000.evil.example' }, false],
  [{ origin: 'https://strata.example.org.evil.example' }, false],
  [{ origin: 'http://strata.example.org' }, false],
  [{ origin: 'null' }, false],
  [{ origin: '' }, false],
  [{ origin: 'https://evil.example', referer: 'http://panel.lan:3000/' }, false],
  [{ 'sec-fetch-site': 'cross-site' }, false],
  [{ 'sec-fetch-site': 'same-site' }, false],
])('%j: %s', (headers, own) => {
  expect(isOwnOrigin(headers, 'panel.lan:3000', PUBLIC)).toBe(own)
})
