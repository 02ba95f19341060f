import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Connection } from '../../../agent/connection'
import { createBrainTargets } from '../../../agent/certificate/brain-targets'
import { AppError } from '../../../shared/errors'
import { PROTOCOL_VERSION } from '../../../shared/protocol/version'
import { startFakeBrain } from '../../fakes/fake-brain'
import type { FakeBrain } from '../../fakes/fake-brain'
import { makeReport } from '../../factories/agent-messages'

describe('the connection to the brain', () => {
  let brain: FakeBrain
  let connection: Connection
  let describing: () => void
  beforeEach(async () => {
    describing = () => {}
    brain = await startFakeBrain()
    const machine = makeReport([])
    connection = new Connection({
      targets: createBrainTargets(brain.url, () => null),
      handshake: () => ({
        ...brain.agents.addNode('node-1'),
        agentVersion: '1',
        protocolVersion: PROTOCOL_VERSION,
        agentRunId: 'agent-run-1',
        bootId: 'boot',
      }),
      welcomed: async () => {},
      dispatch: async () => ({ ok: true }),
      describe: async () => {
        describing()
        return { specs: machine.specs, load: machine.load }
      },
      instances: () => [],
      heartbeat: async () => ({ load: machine.load, engine: machine.specs.engine, watched: 0, instances: [] }),
      reported: () => {},
      lost: () => {},
      refused: () => true,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    })
  })
  afterEach(async () => {
    await connection.close()
    await brain.stop()
  })

  it('tells again what a brain in trouble did not take', { timeout: 15_000 }, async () => {
    let failures = 1
    brain.agents.faults.report = () => {
      if (failures-- > 0) throw new AppError('INTERNAL', 'The database is busy.')
    }
    connection.open()
    await brain.agents.until(() => brain.agents.of('report').length === 2)
  })

  it('lives on when the machine cannot be measured, and tells when it can', { timeout: 15_000 }, async () => {
    let failures = 1
    describing = () => {
      if (failures-- > 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    }
    connection.open()
    await brain.agents.until(() => brain.agents.of('report').length === 1)
    expect(failures).toBeLessThan(1)
  })
})
