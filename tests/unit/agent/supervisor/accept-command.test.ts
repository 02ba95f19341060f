import { describe, expect, it } from 'vitest'
import { acceptCommand } from '../../../../agent/supervisor/accept-command'
import type { Command } from '../../../../agent/supervisor/accept-command'
import { instanceRecord } from '../../../../agent/record'
import { agentRecord, agentRun } from '../../../factories/agent-record'

const command = (
  name: Exclude<Command['name'], 'instance.prepare'>,
  generation = 1,
  commandId = 'command-1',
): Command => ({ name, commandId, instanceId: 'i-test', generation })
const prepare = (generation = 1, commandId = 'command-1'): Command => ({
  name: 'instance.prepare',
  commandId,
  instanceId: 'i-test',
  generation,
  spec: { ...agentRecord().spec, name: `of ${generation}` },
})

describe('accepting a command', () => {
  it('refuses an older wish, and takes the same one once', () => {
    expect(() => acceptCommand(agentRecord({ generation: 5 }), command('instance.start', 4))).toThrow(
      expect.objectContaining({ code: 'STALE_COMMAND' }),
    )
    expect(
      acceptCommand(agentRecord({ commandIds: ['command-1'], generation: 5 }), command('instance.start', 4)),
    ).toEqual({})
    expect(acceptCommand(agentRecord(), command('instance.start', 3))).toEqual({
      generation: 3,
      commandIds: ['command-1'],
      wanted: 'running',
    })
  })

  it('prepares anew from every state without a process, but not what is laid out already', () => {
    for (const state of ['STOPPED', 'FAILED', 'PREPARING', 'PREPARED'] as const) {
      expect(acceptCommand(agentRecord({ state, crashes: 4 }), prepare(2))).toMatchObject({
        prepareDue: true,
        state: 'PREPARING',
        layoutGeneration: 2,
        wanted: 'prepared',
        crashes: 0,
        spec: { name: 'of 2' },
      })
    }
    expect(acceptCommand(agentRecord(), prepare(1))).toEqual({ generation: 1, commandIds: ['command-1'] })
    expect(() => acceptCommand(agentRecord({ state: 'RUNNING', run: agentRun() }), prepare(2))).toThrow(
      expect.objectContaining({ code: 'INVALID_TRANSITION' }),
    )
  })

  it('starts what is prepared, and nothing else', () => {
    expect(
      acceptCommand(agentRecord({ state: 'RUNNING', wanted: 'running' }), command('instance.start')),
    ).not.toHaveProperty('wanted')
    for (const state of ['STOPPED', 'FAILED', 'PREPARING', 'STOPPING'] as const) {
      expect(() => acceptCommand(agentRecord({ state, wanted: 'stopped' }), command('instance.start'))).toThrow(
        expect.objectContaining({ code: 'INVALID_TRANSITION' }),
      )
    }
  })

  it('stops what has a process; elsewhere there is nothing to stop', () => {
    expect(
      acceptCommand(agentRecord({ state: 'STARTING', wanted: 'running' }), command('instance.stop')),
    ).toMatchObject({ wanted: 'stopped', stopNow: false })
    expect(
      acceptCommand(agentRecord({ state: 'STOPPING', wanted: 'stopped' }), command('instance.kill')),
    ).toMatchObject({ wanted: 'stopped', stopNow: true })
    expect(
      acceptCommand(agentRecord({ state: 'STOPPING', wanted: 'stopped', stopNow: true }), command('instance.stop')),
    ).toMatchObject({ stopNow: true })
    expect(
      acceptCommand(agentRecord({ state: 'PREPARED', wanted: 'running' }), command('instance.stop')),
    ).toMatchObject({ wanted: 'prepared' })
    expect(
      acceptCommand(agentRecord({ state: 'FAILED', wanted: 'stopped' }), command('instance.stop')),
    ).not.toHaveProperty('wanted')
  })

  it('gives up a prepare that is under way', () => {
    for (const name of ['instance.stop', 'instance.kill'] as const)
      expect(acceptCommand(agentRecord({ state: 'PREPARING', prepareDue: true }), command(name))).toEqual({
        generation: 1,
        commandIds: ['command-1'],
        wanted: 'stopped',
      })
  })

  it('destroys for good', () => {
    expect(acceptCommand(agentRecord({ state: 'RUNNING' }), command('instance.destroy'))).toMatchObject({
      wanted: 'destroyed',
    })
    expect(() => acceptCommand(agentRecord({ wanted: 'destroyed' }), prepare(2))).toThrow(
      expect.objectContaining({ code: 'INVALID_TRANSITION' }),
    )
  })

  it('keeps records that can be read again', () => {
    const record = { ...agentRecord({ run: agentRun() }), ...acceptCommand(agentRecord(), prepare(2)) }
    expect(instanceRecord.parse(JSON.parse(JSON.stringify(record)))).toEqual(record)
  })
})
