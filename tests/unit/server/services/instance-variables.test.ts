import { describe, expect, it } from 'vitest'
import { openVariables, sealVariables, unmask } from '../../../../server/services/instance-variables'

const box = { seal: (plain: string) => `sealed:${plain}`, open: (sealed: string) => sealed.slice('sealed:'.length) }
const stored = sealVariables({ KEY: 'secret', MOTD: 'hi' }, ['KEY'], box)

describe('variables of an instance', () => {
  it('are kept sealed where they are secrets, and opened again', () => {
    expect(stored).toEqual({ variables: { KEY: 'sealed:secret', MOTD: 'hi' }, secretNames: ['KEY'] })
    expect(openVariables(stored, box)).toEqual({ KEY: 'secret', MOTD: 'hi' })
  })

  it('that come back masked keep their value', () => {
    expect(unmask({ KEY: '••••••', MOTD: 'ho' }, stored, box)).toEqual({ KEY: 'secret', MOTD: 'ho' })
    expect(unmask({ KEY: 'new' }, stored, box)).toEqual({ KEY: 'new' })
  })

  it('cannot be given as a mask that stands for nothing', () => {
    for (const name of ['MOTD', 'OTHER']) {
      expect(() => unmask({ [name]: '••••••' }, stored, box)).toThrow(/VARIABLE_INVALID/)
    }
  })
})
