import { describe, expect, it } from 'vitest'
import { BUILTIN_VARIABLES, isBuiltinVariable, isReservedVariable } from '../../../../shared/domain/builtin-variables'

describe('built-in variables', () => {
  it('are known by name, those of single ports too, and nothing else is', () => {
    for (const name of [...Object.keys(BUILTIN_VARIABLES), 'PORT_GAME', 'PUBLIC_PORT_QUERY_2'])
      expect([name, isBuiltinVariable(name)]).toEqual([name, true])
    for (const name of ['PORTS', 'PORT_', 'MOTD', 'constructor', '__proto__', 'toString'])
      expect([name, isBuiltinVariable(name)]).toEqual([name, false])
  })

  it('can be given only where they describe', () => {
    expect(Object.keys(BUILTIN_VARIABLES).filter(name => !isReservedVariable(name))).toEqual([
      'REGION',
      'ENVIRONMENT',
      'SERVER_NAME',
      'SEED',
      'LOCALE',
    ])
    expect(isReservedVariable('PORT_GAME')).toBe(true)
    expect(isReservedVariable('MOTD')).toBe(false)
  })
})
