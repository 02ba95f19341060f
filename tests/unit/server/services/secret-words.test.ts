import { expect, it } from 'vitest'
import { createHideSecrets } from '../../../../server/services/secret-words'

const box = { open: (sealed: string) => sealed.replace('sealed:', '') }
const reaching = new Map([
  ['NETWORK_KEY', { value: 'of-the-network', secret: true, scope: 'network' as const, scopeId: 'all' }],
  ['REGION', { value: 'north-west', secret: false, scope: 'region' as const, scopeId: 'north' }],
])
const hideSecrets = createHideSecrets({
  secrets: box,
  variables: { inherited: () => reaching, placeOf: () => ({ nodeId: null, region: null }) },
})
const hide = (secrets: Record<string, string>, text: string) =>
  hideSecrets({
    nodeId: null,
    placement: {},
    variables: {
      MOTD: 'welcome',
      ...Object.fromEntries(Object.entries(secrets).map(([k, v]) => [k, `sealed:${v}`])),
    },
    secretNames: Object.keys(secrets),
  })(text)

it.each([
  ['every place', { KEY: 'abcdef' }, 'abcdef and abcdef', '•••••• and ••••••'],
  ['no pattern: the characters themselves', { KEY: 'a.c$&*(' }, 'abc$&*( a.c$&*(', 'abc$&*( ••••••'],
  ['each line of a value of several', { KEY: 'first line\nsecond line' }, 'x second line', 'x ••••••'],
  ['the longer one first', { A: 'secret', B: 'secret-of-two' }, 'secret-of-two secret', '•••••• ••••••'],
  ['not what is short', { KEY: 'on' }, 'one on', 'one on'],
  ['not what is no secret', { KEY: 'abcdef' }, 'welcome', 'welcome'],
  ['what reaches the server as a secret', {}, 'of-the-network in north-west', '•••••• in north-west'],
  ['nothing for blanks', { KEY: '        ' }, 'a        b', 'a        b'],
])('hides %s', (_what, secrets, text, shown) => {
  expect(hide(secrets, text)).toBe(shown)
})
