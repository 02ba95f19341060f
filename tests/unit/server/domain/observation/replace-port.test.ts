import { describe, expect, it } from 'vitest'
import type { InstancePort } from '../../../../../shared/schemas/instance'
import { replaceablePort, replacePort, withoutHost } from '../../../../../server/domain/observation/replace-port'
import { makeObservation, makeRecord } from '../../../../factories/instance-record'

const game: InstancePort = {
  name: 'game',
  protocol: 'udp',
  container: 5520,
  host: 25_000,
  expose: 'public',
  fixed: false,
}
const takenPort = { protocol: 'udp', host: 25_000, name: 'game' } as const
const failure = makeObservation({ state: 'FAILED', reason: { code: 'PORT_TAKEN', message: 'Taken.' }, takenPort })

describe('a port that a stranger holds', () => {
  it('is exchanged when Strata chose it', () => {
    expect(replaceablePort(makeRecord({ ports: [game] }), failure)).toEqual(game)
  })

  it('is not when a person chose it, when it is another one, or when the server is to go', () => {
    expect(replaceablePort(makeRecord({ ports: [{ ...game, fixed: true }] }), failure)).toBeNull()
    expect(replaceablePort(makeRecord({ ports: [{ ...game, host: 25_001 }] }), failure)).toBeNull()
    expect(replaceablePort(makeRecord({ ports: [{ ...game, protocol: 'tcp' }] }), failure)).toBeNull()
    expect(replaceablePort(makeRecord({ ports: [game], desired: 'destroyed' }), failure)).toBeNull()
    expect(replaceablePort(makeRecord({ ports: [game] }), { ...failure, takenPort: null })).toBeNull()
  })

  it('makes a new generation that must be prepared, because the server is told its port', () => {
    expect(withoutHost([game], game)[0]?.host).toBeNull()
    const { change, events } = replacePort(makeRecord({ ports: [game], generation: 4 }), game, [
      { ...game, host: 25_001 },
    ])
    expect(change).toMatchObject({ generation: 5, startGeneration: 5, ports: [{ host: 25_001 }] })
    expect(events[0]?.message).toMatch(/25000\/udp.*25001/)
  })
})
