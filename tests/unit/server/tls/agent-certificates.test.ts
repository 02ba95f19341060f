import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTlsFleet, type TlsFleet } from '../../../support/tls-fleet'

describe('agents by certificate', () => {
  let fleet: TlsFleet
  beforeAll(async () => {
    fleet = await startTlsFleet({ STRATA_AGENT_MTLS: 'required' })
  })
  afterAll(() => fleet.close())

  it('joins by its one line, and is given a certificate', async () => {
    const { id, agent } = await fleet.joinByCertificate('first')
    const { security } = await fleet.node(id)
    expect(security.certificate?.expiresAt).toBeGreaterThan(Date.now())
    expect(statSync(join(agent.dataDir, 'certificate.json')).mode & 0o777).toBe(0o600)
    expect(statSync(join(fleet.brainDir, 'keys/authority.json')).mode & 0o777).toBe(0o600)
  })
})
