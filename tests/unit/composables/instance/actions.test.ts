import { describe, expect, it } from 'vitest'
import { INSTANCE_ACTIONS, isOffered, isWorking } from '../../../../composables/instance/actions'
import { INSTANCE_STATE_NAMES, type DesiredState, type InstanceState } from '../../../../shared/domain/instance-state'

const offered = (state: InstanceState, desired: DesiredState) =>
  INSTANCE_ACTIONS.filter(action => isOffered({ state, desired }, action))

describe('isOffered', () => {
  it.each([
    ['RUNNING', 'running', ['stop', 'restart', 'kill', 'destroy']],
    ['STARTING', 'running', ['stop', 'restart', 'kill', 'destroy']],
    ['PREPARING', 'running', ['stop', 'destroy']],
    ['REQUESTED', 'running', ['stop', 'destroy']],
    ['STOPPING', 'stopped', ['start', 'kill', 'destroy']],
    ['STOPPED', 'stopped', ['start', 'destroy']],
    ['STOPPED', 'running', ['stop', 'destroy']],
    ['PREPARED', 'stopped', ['start', 'destroy']],
    ['FAILED', 'running', ['retry', 'destroy']],
    ['RUNNING', 'destroyed', []],
    ['DESTROYING', 'destroyed', []],
    ['DESTROYED', 'destroyed', []],
  ] as const)('%s, wanted %s', (state, desired, actions) => {
    expect(offered(state, desired)).toEqual(actions)
  })

  it('never offers to start and to stop at once', () => {
    for (const state of INSTANCE_STATE_NAMES)
      for (const desired of ['running', 'stopped', 'destroyed'] as const)
        expect(offered(state, desired).filter(action => action === 'start' || action === 'stop').length).toBeLessThan(2)
  })
})

describe('isWorking', () => {
  it('holds until the server is what is wanted', () => {
    expect(isWorking({ state: 'STARTING', desired: 'running' })).toBe(true)
    expect(isWorking({ state: 'RUNNING', desired: 'running' })).toBe(false)
    expect(isWorking({ state: 'RUNNING', desired: 'stopped' })).toBe(true)
    expect(isWorking({ state: 'PREPARED', desired: 'stopped' })).toBe(false)
    expect(isWorking({ state: 'STOPPED', desired: 'destroyed' })).toBe(true)
    expect(isWorking({ state: 'FAILED', desired: 'running' })).toBe(false)
  })
})
