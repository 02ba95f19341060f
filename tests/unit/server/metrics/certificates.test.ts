import { afterEach, expect, it } from 'vitest'
import { startTlsFleet, type TlsFleet } from '../../../support/tls-fleet'

let fleet: TlsFleet
afterEach(() => fleet.close())

it('tells when the certificates of nodes and of the brain end, and of none that there is not', async () => {
  fleet = await startTlsFleet({ STRATA_AGENT_MTLS: 'on', STRATA_TLS: 'own' })
  const { body } = await fleet.call<{ node: { id: string } }>('POST', '/nodes', { name: 'bare' })
  const { id } = await fleet.joinByCertificate('first')
  const end = Number((await fleet.node(id)).security.certificate?.expiresAt) / 1_000
  const text = await fleet.api.brain.scrape({ withInstances: false })
  expect(text).toContain(`strata_node_certificate_expires_timestamp_seconds{node="${id}"} ${end}\n`)
  expect(text).not.toContain(`strata_node_certificate_expires_timestamp_seconds{node="${body.node.id}"}`)
  expect(text).toMatch(/^strata_brain_certificate_expires_timestamp_seconds\{source="panel"\} \d+$/m)
}, 30_000)
