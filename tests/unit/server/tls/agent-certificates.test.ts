import { randomUUID, X509Certificate } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { io } from 'socket.io-client'
import { afterEach, describe, expect, it } from 'vitest'
import { makeKeyPair } from '../../../../core/certificates/key-pair'
import { PROTOCOL_VERSION } from '../../../../shared/protocol/version'
import { issueNode, issueRoot } from '../../../../server/tls/issue'
import { startTlsFleet, steppedClock, type TlsFleet } from '../../../support/tls-fleet'
import { waitFor } from '../../../support/wait-for'

const HOUR = 3_600_000
const DAY = 24 * HOUR

interface Held {
  certificate: string
  key: string
  authorities: string[]
  url: string
}

let fleet: TlsFleet
afterEach(() => fleet.close())

async function open(mode: 'on' | 'required' | 'off', clock = steppedClock()) {
  fleet = await startTlsFleet({ STRATA_AGENT_MTLS: mode }, clock)
}

const heldBy = (dataDir: string) => JSON.parse(readFileSync(join(dataDir, 'certificate.json'), 'utf8')) as Held
const fileOf = (dataDir: string, name: string) => join(dataDir, name)

/** A handshake as anybody could make it; resolves to the code of the refusal, or to `taken`. */
async function knock(
  shown: { url: string; cert?: string; key?: string; authorities: string[]; root?: string },
  auth: object,
) {
  const socket = io(`${shown.url}/agent`, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    // One thread holds both ends here: what a root of the same name fails to verify would disturb the other end, too.
    ...(shown.root ? { ca: shown.root, rejectUnauthorized: false } : { ca: shown.authorities.join('\n') }),
    ...(shown.cert && shown.key ? { cert: shown.cert, key: shown.key } : {}),
    auth: { agentVersion: '1', protocolVersion: PROTOCOL_VERSION, agentRunId: randomUUID(), bootId: 'boot', ...auth },
  })
  try {
    return await new Promise<string>(resolve => {
      socket.once('connect', () => resolve('taken'))
      socket.once('connect_error', (error: Error & { data?: { code: string } }) =>
        resolve(error.data?.code ?? error.message),
      )
    })
  } finally {
    socket.disconnect()
  }
}

function identityOf(dataDir: string): { nodeId: string; secret: string } {
  const { nodeId, secret } = JSON.parse(readFileSync(join(dataDir, 'identity.json'), 'utf8')) as Record<string, string>
  return { nodeId: String(nodeId), secret: String(secret) }
}

describe('agents by certificate', { timeout: 40_000 }, () => {
  it('join by their one line, keep what they are given to themselves, and come back by it', async () => {
    await open('required')
    const { id, agent } = await fleet.joinByCertificate('first')
    expect(statSync(fileOf(agent.dataDir, 'certificate.json')).mode & 0o777).toBe(0o600)
    expect(statSync(join(fleet.brainDir, 'keys/authority.json')).mode & 0o777).toBe(0o600)
    const before = heldBy(agent.dataDir)
    await agent.stop()
    await fleet.until(id, node => node.security.transport === null)
    await fleet.start('first', { STRATA_BRAIN_URL: before.url })
    const seen = await fleet.until(id, node => node.security.transport === 'mtls')
    expect(seen.security.certificate?.expiresAt).toBeGreaterThan(Date.now() + 29 * DAY)
    expect(heldBy(agent.dataDir).certificate).toBe(before.certificate)
  })

  it('are not taken for another node, whatever secret they have with it', async () => {
    await open('required')
    const one = await fleet.joinByCertificate('one')
    const two = await fleet.joinByCertificate('two')
    const held = heldBy(one.agent.dataDir)
    const shown = { ...held, cert: held.certificate }
    expect(await knock(shown, identityOf(two.agent.dataDir))).toBe('CERTIFICATE_UNKNOWN')
    expect(await knock({ url: held.url, authorities: held.authorities }, identityOf(one.agent.dataDir))).toBe(
      'CERTIFICATE_REQUIRED',
    )
    expect(await knock(shown, { nodeId: one.id, secret: 'x'.repeat(40) })).toBe('HANDSHAKE_REFUSED')
  })

  it('are not taken with a certificate of another authority of the same name', async () => {
    await open('required')
    const { id, agent } = await fleet.joinByCertificate('first')
    const held = heldBy(agent.dataDir)
    const real = new X509Certificate(held.authorities[0] ?? '')
    const root = await makeKeyPair()
    const own = await makeKeyPair()
    const now = Date.now()
    const authority = await issueRoot(root.keys, real.subject, { now, lifetimeMs: DAY })
    const forged = await issueNode(
      own.keys.publicKey as never,
      { nodeId: id, uri: `strata://node/${id}` },
      { certificate: authority, key: root.keys.privateKey },
      { now, lifetimeMs: DAY },
    )
    const shown = { ...held, cert: forged.toString('pem'), key: own.privatePem, root: authority.toString('pem') }
    expect(await knock(shown, identityOf(agent.dataDir))).toBe('CERTIFICATE_UNKNOWN')
  })

  it('lose their connection within a second when revoked, stay out, and are let in again by an admin', async () => {
    await open('required')
    const { id, agent } = await fleet.joinByCertificate('first')
    const held = heldBy(agent.dataDir)
    const at = performance.now()
    await fleet.call('POST', `/nodes/${id}/revoke`)
    await waitFor('the connection to end', () => agent.said().includes('The connection to the brain ended'))
    expect(performance.now() - at).toBeLessThan(1_000)
    await waitFor('the agent to be refused', () => agent.said().includes('ACCESS_REVOKED'))
    expect((await fleet.node(id)).security).toMatchObject({ transport: null, revokedAt: expect.any(Number) as number })
    await agent.stop()

    await fleet.call('POST', `/nodes/${id}/let-in`)
    expect(await knock({ ...held, cert: held.certificate }, identityOf(agent.dataDir))).toBe('CERTIFICATE_UNKNOWN')
    await fleet.start('first', { STRATA_BRAIN_URL: held.url })
    await fleet.until(id, node => node.security.transport === 'mtls')
    expect(heldBy(agent.dataDir).certificate).not.toBe(held.certificate)
  })

  it('stay out by a certificate of the very second in which they were revoked and let in again', async () => {
    const clock = steppedClock()
    const halfPast = Math.floor(Date.now() / 1_000) * 1_000 + 500
    await open('required', { ...clock, now: () => halfPast })
    const { id, agent } = await fleet.joinByCertificate('first')
    const held = heldBy(agent.dataDir)
    await fleet.call('POST', `/nodes/${id}/revoke`)
    await agent.stop()
    await fleet.call('POST', `/nodes/${id}/let-in`)
    expect(await knock({ ...held, cert: held.certificate }, identityOf(agent.dataDir))).toBe('CERTIFICATE_UNKNOWN')
    await fleet.start('first', { STRATA_BRAIN_URL: held.url })
    await fleet.until(id, node => node.security.transport === 'mtls')
  })

  it('stay out when revoked, or removed, while they were away', async () => {
    await open('on')
    const one = await fleet.joinByCertificate('one')
    const two = await fleet.joinByCertificate('two')
    await one.agent.stop()
    await two.agent.stop()
    await fleet.call('POST', `/nodes/${one.id}/revoke`)
    await fleet.call('DELETE', `/nodes/${two.id}`)
    for (const [{ agent }, code] of [
      [one, 'ACCESS_REVOKED'],
      [two, 'HANDSHAKE_REFUSED'],
    ] as const) {
      const held = heldBy(agent.dataDir)
      expect(await knock({ ...held, cert: held.certificate }, identityOf(agent.dataDir))).toBe(code)
    }
  })

  it('get a new certificate after two thirds of its life, and do not notice a clock that is an hour off', async () => {
    await open('on')
    await fleet.pass(HOUR)
    const { id, agent } = await fleet.joinByCertificate('first')
    const first = heldBy(agent.dataDir).certificate
    await agent.stop()
    await fleet.pass(-2 * HOUR)
    const again = await fleet.start('first', { STRATA_BRAIN_URL: fleet.api.url.origin })
    await fleet.until(id, node => node.security.transport === 'mtls')
    expect(heldBy(agent.dataDir).certificate).toBe(first)
    await again.stop()
    await fleet.pass(21 * DAY)
    await fleet.start('first', { STRATA_BRAIN_URL: fleet.api.url.origin })
    await waitFor('a new certificate', () => heldBy(agent.dataDir).certificate !== first)
  })

  it('come by their secret once the certificate ended, where that is enough', async () => {
    await open('on')
    const { id, agent } = await fleet.joinByCertificate('first')
    await agent.stop()
    await fleet.pass(40 * DAY)
    const again = await fleet.start('first', { STRATA_BRAIN_URL: fleet.api.url.origin })
    await waitFor(
      'the refusal',
      () => again.said().includes('CERTIFICATE_EXPIRED') || again.said().includes('ended on'),
    )
    const { security } = await fleet.until(
      id,
      node => (node.security.certificate?.expiresAt ?? 0) > Date.now() + 60 * DAY,
    )
    expect(security.revokedAt).toBeNull()
  })

  it('wait for an admin once the certificate ended, where it is required', async () => {
    await open('required')
    const { id, agent } = await fleet.joinByCertificate('first')
    await agent.stop()
    await fleet.pass(40 * DAY)
    const again = await fleet.start('first', { STRATA_BRAIN_URL: fleet.api.url.origin })
    await waitFor('the refusal', () => again.said().includes('CERTIFICATE_REQUIRED'))
    expect(again.said()).toContain('an admin can let it in again')
    await again.stop()
    await fleet.call('POST', `/nodes/${id}/let-in`)
    await fleet.start('first', { STRATA_BRAIN_URL: fleet.api.url.origin })
    await fleet.until(id, node => (node.security.certificate?.expiresAt ?? 0) > Date.now() + 60 * DAY)
  })

  it.each([
    ['damaged', (path: string) => writeFileSync(path, '{"certificate":"')],
    ['gone', (path: string) => rmSync(path)],
  ])('ask for a new certificate when the file with it is %s', async (_what, spoil) => {
    await open('on')
    const { id, agent, set } = await fleet.joinByCertificate('first')
    const before = heldBy(agent.dataDir).certificate
    await agent.stop()
    spoil(fileOf(agent.dataDir, 'certificate.json'))
    await fleet.start('first', { ...set, STRATA_JOIN_TOKEN: '' })
    await fleet.until(id, node => node.security.transport === 'mtls')
    expect(heldBy(agent.dataDir).certificate).not.toBe(before)
  })

  it('move from their secret alone to a certificate by themselves, without joining anew', async () => {
    await open('off')
    const { node, set } = await fleet.add('old')
    const agent = await fleet.start('old', set)
    await fleet.until(node.id, seen => seen.security.transport === 'local')
    await agent.stop()
    await fleet.restart({ STRATA_AGENT_MTLS: 'on' })
    await fleet.start('old', { STRATA_BRAIN_URL: fleet.api.url.origin })
    await fleet.until(node.id, seen => seen.security.transport === 'mtls')
    expect(identityOf(agent.dataDir)).toMatchObject({ nodeId: node.id })
  })

  it('are known when the database is of yesterday', async () => {
    await open('required')
    const { id, agent } = await fleet.joinByCertificate('first')
    const backup = join(fleet.folder, 'backup.db')
    await fleet.restart({}, async () => copyFileSync(join(fleet.brainDir, 'strata.db'), backup))
    await fleet.until(id, node => node.security.transport === 'mtls')
    const before = heldBy(agent.dataDir).certificate
    await fleet.call('POST', `/nodes/${id}/certificate/renew`)
    const renewed = heldBy(agent.dataDir).certificate
    expect(renewed).not.toBe(before)
    await fleet.restart({}, async () => copyFileSync(backup, join(fleet.brainDir, 'strata.db')))
    const seen = await fleet.until(id, node => node.security.transport === 'mtls')
    const fingerprint = new X509Certificate(renewed).fingerprint256.replaceAll(':', '').toLowerCase()
    expect(seen.security.certificate?.fingerprint).toBe(fingerprint)
  })

  it('know the brain after its authority changed, those that were away included', async () => {
    await open('required')
    const here = await fleet.joinByCertificate('here')
    const away = await fleet.joinByCertificate('away')
    await away.agent.stop()
    const former = heldBy(here.agent.dataDir)
    const { body } = await fleet.call<{ agents: { authority: { previous: { nodes: number }[] } } }>(
      'POST',
      '/tls/authority/rotate',
      {},
    )
    expect(body.agents.authority.previous).toEqual([expect.objectContaining({ nodes: 1 })])
    expect(heldBy(here.agent.dataDir).authorities[0]).not.toBe(former.authorities[0])

    const back = await fleet.start('away', { STRATA_BRAIN_URL: former.url })
    await fleet.until(away.id, node => node.security.transport === 'mtls')
    await waitFor(
      'the former authority to go',
      () => fleet.api.brain.doors.status(() => 0).agents.authority?.previous.length === 0,
    )
    expect(
      await knock(
        { ...former, cert: former.certificate, authorities: heldBy(back.dataDir).authorities },
        identityOf(here.agent.dataDir),
      ),
    ).toBe('CERTIFICATE_UNKNOWN')
  })

  it('tell nothing to a brain that is not the one of the join command', async () => {
    await open('on')
    const { set } = await fleet.add('first')
    const agent = await fleet.start('first', { ...set, STRATA_BRAIN_CA_SHA256: 'ab'.repeat(32) })
    await waitFor('the agent to give up', () => agent.said().includes('is not the brain that the join command is of'))
    expect(
      (await fleet.call<{ items: { joinedAt: number | null }[] }>('GET', '/nodes')).body.items[0]?.joinedAt,
    ).toBeNull()
  })

  it('say what is wrong with a damaged authority, and make none in its place', async () => {
    await open('on')
    await fleet.joinByCertificate('first')
    const file = join(fleet.brainDir, 'keys/authority.json')
    const whole = readFileSync(file, 'utf8')
    const spoilt = fleet.restart({}, async () => writeFileSync(file, whole.slice(0, 400)))
    await expect(spoilt).rejects.toThrow(/authority\.json is damaged.*backup/)
  })

  it('keep a brain from starting that lost its authority, until somebody says that a new one is wanted', async () => {
    await open('on')
    const { id, agent } = await fleet.joinByCertificate('first')
    await agent.stop()
    const file = join(fleet.brainDir, 'keys/authority.json')
    const lost = fleet.restart({}, async () => rmSync(file))
    await expect(lost).rejects.toThrow(/authority\.json is gone.*a node has its certificate.*STRATA_NEW_AUTHORITY=on/)
    expect(existsSync(file)).toBe(false)
    await fleet.restart({ STRATA_NEW_AUTHORITY: 'on' })
    expect((await fleet.node(id)).security.certificate).not.toBeNull()
    await fleet.restart()
    expect(existsSync(file)).toBe(true)
  })

  it('of an authority whose key was stolen count no more at once; those that are connected are served over what stands', async () => {
    await open('required')
    const here = await fleet.joinByCertificate('here')
    const away = await fleet.joinByCertificate('away')
    await away.agent.stop()
    const stolen = heldBy(away.agent.dataDir)
    const { body } = await fleet.call<{ agents: { authority: { previous: unknown[] } } }>(
      'POST',
      '/tls/authority/rotate',
      { forgetFormer: true },
    )
    expect(body.agents.authority.previous).toEqual([])
    const shown = { ...stolen, cert: stolen.certificate, authorities: heldBy(here.agent.dataDir).authorities }
    expect(await knock(shown, identityOf(away.agent.dataDir))).toBe('CERTIFICATE_UNKNOWN')
    await fleet.until(here.id, node => node.security.transport === 'mtls')
    expect(heldBy(here.agent.dataDir).authorities).not.toContain(stolen.authorities[0])
  })
})
