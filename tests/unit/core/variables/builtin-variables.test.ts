import { describe, expect, it } from 'vitest'
import { builtinVariables, heapMb, onlyBuiltin } from '../../../../core/variables/builtin-variables'
import type { BuiltinInput } from '../../../../core/variables/builtin-variables'
import { BUILTIN_VARIABLES, isBuiltinVariable } from '../../../../shared/domain/builtin-variables'

const input: BuiltinInput = {
  instance: { id: 'i-1', name: 'Lobby' },
  node: { name: 'one', region: 'eu' },
  publicHost: 'play.example.org',
  ports: [
    { name: 'game', listen: 5520, public: 25001 },
    { name: 'query', listen: 25002, public: null },
  ],
  memoryMb: 4_096,
}

describe('builtinVariables', () => {
  it('gives every built-in name its value', () => {
    const values = builtinVariables(input)
    expect(Object.fromEntries(values)).toMatchObject({
      INSTANCE_ID: 'i-1',
      INSTANCE_NAME: 'Lobby',
      SERVER_NAME: 'Lobby',
      NODE_NAME: 'one',
      REGION: 'eu',
      ENVIRONMENT: 'production',
      PUBLIC_HOST: 'play.example.org',
      PORT: '5520',
      PORT_GAME: '5520',
      PUBLIC_PORT: '25001',
      PUBLIC_PORT_GAME: '25001',
      PORT_QUERY: '25002',
      MEMORY_MB: '4096',
      LOCALE: 'en',
    })
    expect(values.has('PUBLIC_PORT_QUERY')).toBe(false)
    for (const name of Object.keys(BUILTIN_VARIABLES)) expect([name, values.has(name)]).toEqual([name, true])
    for (const name of values.keys()) expect([name, isBuiltinVariable(name)]).toEqual([name, true])
  })

  it('keeps the seed of an instance, and gives another to another', () => {
    const seed = (id: string) => builtinVariables({ ...input, instance: { id, name: 'x' } }).get('SEED')
    expect(seed('a')).toBe(seed('a'))
    expect(seed('a')).not.toBe(seed('b'))
    expect(Number.isSafeInteger(Number(seed('a')))).toBe(true)
  })

  it('has no port where there is none', () => {
    const values = builtinVariables({ ...input, ports: [] })
    expect([...values.keys()].filter(name => name.includes('PORT'))).toEqual([])
  })

  it.each([
    [10_000, 8_000],
    [4_096, 3_276],
    [2_560, 2_048],
    [2_000, 1_488],
    [1_024, 512],
    [600, 300],
    [256, 128],
  ])('leaves of %i MiB a heap of %i', (memory, heap) => {
    expect(heapMb(memory)).toBe(heap)
  })

  it('tells built-in values from the others', () => {
    expect([
      ...onlyBuiltin(
        new Map([
          ['PORT', '1'],
          ['ADMIN_TOKEN', 's'],
          ['PORT_GAME', '1'],
        ]),
      ).keys(),
    ]).toEqual(['PORT', 'PORT_GAME'])
  })
})
