import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeKeyPair } from '../../../../core/certificates/key-pair'
import { issueRoot, issueServer } from '../../../../server/tls/issue'
import { readCertificateFiles } from '../../../../server/tls/read-certificate'
import { temporaryFolder } from '../../../support/temporary-folder'

const DAY = 24 * 3_600_000
const NOW = Date.UTC(2026, 10, 20)
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let files: { cert: string; key: string }

beforeEach(async () => {
  folder = await temporaryFolder()
  files = { cert: join(folder.path, 'cert.pem'), key: join(folder.path, 'key.pem') }
  const root = await makeKeyPair()
  const certificate = await issueRoot(root.keys, 'CN=Test root', { now: NOW, lifetimeMs: 100 * DAY })
  const { keys, privatePem } = await makeKeyPair()
  const signer = { certificate, key: root.keys.privateKey }
  const validity = { now: NOW, lifetimeMs: 10 * DAY }
  const leaf = await issueServer(keys.publicKey, { dns: ['strata.example.org'], ip: [] }, signer, validity)
  writeFileSync(files.key, privatePem)
  writeFileSync(files.cert, `${leaf.toString('pem')}\n${certificate.toString('pem')}`)
})
afterEach(() => folder.remove())

it('takes the certificate of an operator while it is good', () => {
  expect(readCertificateFiles(files, NOW + DAY)).toMatchObject({
    names: 'DNS:strata.example.org',
    expiresAt: NOW + 10 * DAY,
  })
})

it('refuses one that has ended, and one that is not good yet, with the time in words', () => {
  expect(() => readCertificateFiles(files, NOW + 10 * DAY)).toThrow(
    /STRATA_TLS_CERT.*cert\.pem ended on 2026-11-30T00:00:00\.000Z\. Put a renewed one in its place/,
  )
  expect(() => readCertificateFiles(files, NOW - 10 * DAY)).toThrow(/good only from .*clock of this machine/)
})
