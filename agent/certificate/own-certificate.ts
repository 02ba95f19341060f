import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fingerprintOf } from '../../core/certificates/fingerprint'
import { KEY_ALGORITHM, makeKeyPair } from '../../core/certificates/key-pair'
import * as x509 from '../../core/certificates/x509'
import { AppError } from '../../shared/errors'
import { nodeCertificate, type NodeCertificate } from '../../shared/protocol/agent'
import type { AgentLog } from '../log'
import { writeFileAtomically } from '../write-file'

const FILE = 'certificate.json'

const held = nodeCertificate.extend({ key: z.string() })
/** What this node is known by, with its private key, which never leaves the machine. */
export type HeldCertificate = z.output<typeof held>

/** The node's certificate: asked for, kept, shown. */
export interface OwnCertificate {
  /** null: the node has none, and comes by its secret alone. */
  current(): HeldCertificate | null
  /** A new key, and the request for a certificate of it. PKCS #10, PEM. */
  request(): Promise<string>
  /** Keeps what was given on the last request; on disk when it resolves. CONFLICT when it is for another key. */
  keep(given: NodeCertificate): Promise<void>
}

/** A file that cannot be used is as good as none: the secret is enough to be given a new certificate, or the brain says what is. */
export async function loadOwnCertificate(dataDir: string, log: AgentLog): Promise<OwnCertificate> {
  const path = join(dataDir, FILE)
  let current = await read(path, log)
  let pendingKey: string | null = null

  return {
    current: () => current,
    async request() {
      const { keys, privatePem } = await makeKeyPair()
      const made = await x509.Pkcs10CertificateRequestGenerator.create({
        name: 'CN=Strata node',
        keys,
        signingAlgorithm: KEY_ALGORITHM,
      })
      pendingKey = privatePem
      return made.toString('pem')
    },
    async keep(given) {
      const key = pendingKey
      const certificate = new X509Certificate(given.certificate)
      if (key === null || !certificate.checkPrivateKey(createPrivateKey(key)))
        throw new AppError('CONFLICT', 'The certificate is not for the key that this node asked with last.')
      const next = { ...given, key }
      await writeFileAtomically(path, JSON.stringify(next), 0o600)
      current = next
      pendingKey = null
      log.info(
        { fingerprint: fingerprintOf(certificate), until: certificate.validTo, brain: given.url },
        'The brain gave this node a certificate',
      )
    },
  }
}

async function read(path: string, log: AgentLog): Promise<HeldCertificate | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  try {
    const found = held.parse(JSON.parse(text))
    if (new X509Certificate(found.certificate).checkPrivateKey(createPrivateKey(found.key))) return found
    throw new Error('key and certificate differ')
  } catch (error) {
    log.error(
      { err: error, path },
      "The file with this node's certificate is damaged and not used; the node comes by its secret alone and asks for a new one",
    )
    return null
  }
}
