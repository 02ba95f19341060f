import { expect, it } from 'vitest'
import { hideSecrets } from '../../../../server/services/secret-words'

const box = { open: (sealed: string) => sealed.replace('sealed:', '') }
const hide = (secrets: Record<string, string>, text: string) =>
  hideSecrets(
    {
      variables: {
        MOTD: 'welcome',
        ...Object.fromEntries(Object.entries(secrets).map(([k, v]) => [k, `sealed:${v}`])),
      },
      secretNames: Object.keys(secrets),
    },
    box,
  )(text)

it.each([
  ['every place', { KEY: 'abcdef' }, 'abcdef and abcdef', '•••••• and ••••••'],
  ['no pattern: the characters themselves', { KEY: 'a.c$&*(' }, 'abc$&*( a.c$&*(', 'abc$&*( ••••••'],
  ['each line of a value of several', { KEY: 'first line\nsecond line' }, 'x second line', 'x ••••••'],
  ['the longer one first', { A: 'secret', B: 'secret-of-two' }, 'secret-of-two secret', '•••••• ••••••'],
  ['not what is short', { KEY: 'on' }, 'one on', 'one on'],
  ['not what is no secret', { KEY: 'abcdef' }, 'welcome', 'welcome'],
  ['nothing for blanks', { KEY: '        ' }, 'a        b', 'a        b'],
])('hides %s', (_what, secrets, text, shown) => {
  expect(hide(secrets, text)).toBe(shown)
})
