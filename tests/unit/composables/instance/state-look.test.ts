import { expect, it } from 'vitest'
import { CONTACT_LOOK, isOutOfReach, STATE_LOOK } from '../../../../composables/instance/state-look'

it('tells every state by an icon of its own, never by colour alone', () => {
  for (const looks of [Object.values(STATE_LOOK), Object.values(CONTACT_LOOK)])
    expect(new Set(looks.map(look => look.icon)).size).toBe(looks.length)
})

it('calls suspect and offline out of reach, and a node that never joined not', () => {
  expect(['pending', 'online', 'suspect', 'offline', undefined].map(contact => isOutOfReach(contact as never))).toEqual(
    [false, false, true, true, false],
  )
})
