import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeKeyPair } from '../../../core/certificates/key-pair'
import { issueRoot, issueServer } from '../../../server/tls/issue'
import { file, tarGz } from '../../factories/tar'
import { runInShell, startProgram, type Program } from '../../support/program'
import { freePort } from '../../support/strata'
import { waitFor } from '../../support/wait-for'

/** The brain and the agent as they are built, with HTTPS by the brain itself and its certificate in files. */
const ROOT = join(import.meta.dirname, '../../..')
const ADMIN = { username: 'admin', password: 'correct horse battery' }
const DAY = 24 * 3_600_000

interface Answer {
  status: number
  headers: Record<string, unknown>
  body: string
}

let folder: string
let port: number
let rootPem: string
let issue: (serial: string) => Promise<void>
const programs: Program[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'strata-https-'))
  port = await freePort()
  const root = await makeKeyPair()
  const certificate = await issueRoot(root.keys, 'CN=Test root', { now: Date.now(), lifetimeMs: DAY })
  rootPem = certificate.toString('pem')
  writeFileSync(join(folder, 'root.pem'), rootPem)
  issue = async name => {
    const { keys, privatePem } = await makeKeyPair()
    const signer = { certificate, key: root.keys.privateKey }
    const names = { dns: ['localhost', name], ip: ['127.0.0.1'] }
    const made = await issueServer(keys.publicKey, names, signer, { now: Date.now(), lifetimeMs: DAY })
    writeFileSync(join(folder, 'key.pem'), privatePem, { mode: 0o600 })
    writeFileSync(join(folder, 'cert.pem'), made.toString('pem'))
  }
  await issue('first.example.org')
})
afterAll(async () => {
  for (const program of programs) await program.end('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
})

function startBrain(env: Record<string, string> = {}): Program {
  const brain = startProgram(join(ROOT, 'scripts/brain.mjs'), [], {
    STRATA_PORT: String(port),
    STRATA_DATA_DIR: join(folder, 'brain'),
    STRATA_ADMIN_USER: ADMIN.username,
    STRATA_ADMIN_PASSWORD: ADMIN.password,
    STRATA_TLS_CERT: join(folder, 'cert.pem'),
    STRATA_TLS_KEY: join(folder, 'key.pem'),
    ...env,
  })
  programs.push(brain)
  return brain
}

function ask(method: string, path: string, options: { body?: Buffer | string; headers?: Record<string, string> } = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path, method, ca: rootPem, headers: { connection: 'close', ...options.headers } },
      response => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts).toString(),
          }),
        )
      },
    )
    asked.on('error', reject)
    asked.end(options.body)
  })
}

/** What the brain shows to a new connection. */
function namesShown(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: rootPem }, () => {
      resolve(socket.getPeerX509Certificate()?.subjectAltName ?? '')
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

describe('a brain that speaks HTTPS itself', () => {
  let cookie: string
  let brain: Program

  it('answers well, signs in with a cookie that is Secure, and tells browsers to stay with HTTPS', async () => {
    brain = startBrain()
    await waitFor(`the brain:\n${brain.said()}`, async () => {
      if (brain.process.exitCode !== null) throw new Error(brain.said())
      return (await ask('GET', '/healthz')).status === 200
    })
    const login = await ask('POST', '/api/v1/auth/login', {
      body: JSON.stringify(ADMIN),
      headers: { 'content-type': 'application/json', origin: `https://127.0.0.1:${port}` },
    })
    expect(login.status).toBe(200)
    const set = (login.headers['set-cookie'] as string[])[0] ?? ''
    expect(set).toContain('; Secure')
    cookie = set.split(';')[0] ?? ''
    expect((await ask('GET', '/')).headers['strict-transport-security']).toMatch(/^max-age=\d+$/)
    expect(brain.said()).not.toContain('listens beyond this machine')
  })

  it('refuses anything older than TLS 1.2', async () => {
    const refused = new Promise(resolve => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        ca: rootPem,
        minVersion: 'TLSv1.1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      })
      socket.on('error', () => resolve('refused'))
      socket.on('secureConnect', () => resolve('taken'))
    })
    expect(await refused).toBe('refused')
  })

  it('carries uploads, signed downloads, pages and a real agent, whose connection outlives a new certificate', async () => {
    const archive = tarGz(file('strata.yaml', 'runtime: { image: none }'), file('readme.txt', 'x'.repeat(100_000)))
    const put = await ask('PUT', '/api/v1/templates/base/versions/1?type=custom', {
      body: Buffer.from(archive),
      headers: { cookie, origin: `https://127.0.0.1:${port}` },
    })
    expect(put).toMatchObject({ status: 201 })
    const download = await ask('GET', '/api/v1/templates/base/versions/1/download', { headers: { cookie } })
    expect(download.status).toBe(302)
    const target = new URL(String(download.headers.location), `https://127.0.0.1:${port}`)
    expect((await ask('GET', target.pathname + target.search)).status).toBe(200)

    const added = await ask('POST', '/api/v1/nodes', {
      body: JSON.stringify({ name: 'first' }),
      headers: { cookie, 'content-type': 'application/json', origin: `https://127.0.0.1:${port}` },
    })
    const { node, joinToken } = JSON.parse(added.body) as { node: { id: string }; joinToken: string }
    const agent = startProgram(join(ROOT, 'dist/agent/strata-agent.mjs'), [], {
      STRATA_BRAIN_URL: `https://127.0.0.1:${port}`,
      STRATA_BRAIN_CA: join(folder, 'root.pem'),
      STRATA_JOIN_TOKEN: joinToken,
      STRATA_NODE_NAME: 'first',
      STRATA_NODE_DATA_DIR: join(folder, 'node'),
      STRATA_RUNTIME: 'process',
    })
    programs.push(agent)
    await waitFor('the agent to be there by TLS', async () => {
      const seen = await ask('GET', `/api/v1/nodes/${node.id}`, { headers: { cookie } })
      const { contact, security } = JSON.parse(seen.body) as { contact: string; security: { transport: string } }
      return contact === 'online' && security.transport === 'tls'
    })
    const page = io(`https://127.0.0.1:${port}/panel`, {
      transports: ['websocket'],
      reconnection: false,
      ca: rootPem,
      extraHeaders: { cookie, origin: `https://127.0.0.1:${port}` },
    })
    await new Promise<void>((resolve, reject) => {
      page.once('connect', resolve)
      page.once('connect_error', reject)
    })

    await issue('second.example.org')
    await waitFor('the new certificate', async () => (await namesShown()).includes('second.example.org'))
    expect(page.connected).toBe(true)
    expect(agent.said()).not.toContain('The connection to the brain ended')
    page.disconnect()
  })

  it('keeps the former certificate while what lies in the files does not fit together', async () => {
    writeFileSync(join(folder, 'key.pem'), (await makeKeyPair()).privatePem)
    await waitFor('the warning', () => brain.said().includes('the former one goes on'))
    expect(await namesShown()).toContain('second.example.org')
    const { body } = await ask('GET', '/api/v1/tls', { headers: { cookie } })
    expect(JSON.parse(body)).toMatchObject({
      panel: { kind: 'files', fault: expect.stringContaining('do not belong together') as string },
    })
    await brain.end('SIGTERM')
  })

  it.each([
    ['do not belong together', async () => {}],
    ['holds no certificate', async () => writeFileSync(join(folder, 'cert.pem'), 'nothing')],
    ['cannot be read', async () => rmSync(join(folder, 'cert.pem'))],
  ])('says at the start that the files are not right: %s', async (words, spoil) => {
    await spoil()
    const refused = startBrain()
    await waitFor('the brain to end', () => refused.process.exitCode !== null)
    expect(refused.said()).toContain(words)
    expect(refused.process.exitCode).toBe(1)
  })

  it('joins a machine by one line that carries the checksum of its own authority', async () => {
    startBrain({ STRATA_TLS_CERT: '', STRATA_TLS_KEY: '', STRATA_TLS: 'own' })
    const unproven = (path: string) =>
      new Promise<number>((resolve, reject) => {
        get({ host: '127.0.0.1', port, path, rejectUnauthorized: false }, response => {
          response.resume()
          resolve(response.statusCode ?? 0)
        }).on('error', reject)
      })
    await waitFor('the brain', async () => (await unproven('/healthz')) === 200)
    rootPem = (
      JSON.parse(readFileSync(join(folder, 'brain/keys/authority.json'), 'utf8')) as {
        current: { certificate: string }
      }
    ).current.certificate
    const added = await ask('POST', '/api/v1/nodes', {
      body: JSON.stringify({ name: 'second' }),
      headers: { cookie, 'content-type': 'application/json', origin: `https://127.0.0.1:${port}` },
    })
    const { node, joinCommand } = JSON.parse(added.body) as { node: { id: string }; joinCommand: string }
    expect(joinCommand.split('\n')).toHaveLength(1)
    const work = mkdtempSync(join(folder, 'work-'))
    const agent = runInShell(joinCommand, work, {
      STRATA_NODE_DATA_DIR: join(work, 'node'),
      STRATA_RUNTIME: 'process',
    })
    programs.push(agent)
    await waitFor(`the agent to be there; it said:\n${agent.said()}`, async () => {
      const seen = JSON.parse((await ask('GET', `/api/v1/nodes/${node.id}`, { headers: { cookie } })).body) as {
        contact: string
        security: { transport: string }
      }
      return seen.contact === 'online' && seen.security.transport === 'tls'
    })
  })
})
