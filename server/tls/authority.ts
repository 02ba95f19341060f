import { X509Certificate } from 'node:crypto'
import { fingerprintOf } from '../../core/certificates/fingerprint'
import { makeKeyPair, readSigningKey } from '../../core/certificates/key-pair'
import * as x509 from '../../core/certificates/x509'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import { nodeUri } from '../domain/node-certificate'
import type { Clock, NodeAuthority } from '../ports'
import { MOST_NAMES, readAuthority, writeAuthority, type AuthorityContent } from './authority-file'
import { BACKDATED_MS, crossSign, issueNode, issueRoot, issueServer, type Signer } from './issue'
import { nodeOfCertificate } from './node-of-certificate'
import type { ServerCertificate } from './read-certificate'
import type { ServerNames } from './server-names'

/** Strata's own small authority: vouches for the brain towards its nodes, and for nodes towards the brain. */
export interface Authority extends NodeAuthority {
  /** A new certificate and key of the brain; the chain leads to every root that is still trusted. */
  issueServer(names: ServerNames): Promise<ServerCertificate>
  /** Names that were learned by `learn`. */
  names(): string[]
  /** A host by which a node finds the brain; false when it was known or there are too many. */
  learn(host: string): Promise<boolean>
}

/**
 * Opens the authority that the data folder keeps, or makes it (mode 0600). Its key is as safe as the other keys beside it:
 * sealing it with one of those would only look safer.
 *
 * @throws TlsFault when the file is damaged.
 */
export async function openAuthority(file: string, clock: Pick<Clock, 'now'>): Promise<Authority> {
  let content = readAuthority(file) ?? (await makeAuthority())
  let signer = await signerOf(content)
  let roots = rootsOf(content)

  async function makeAuthority(): Promise<AuthorityContent> {
    const made = { current: (await makeRoot(clock.now())).stored, names: [], previous: [] }
    writeAuthority(file, made)
    return made
  }

  async function replace(next: AuthorityContent): Promise<void> {
    writeAuthority(file, next)
    content = next
    signer = await signerOf(content)
    roots = rootsOf(content)
  }

  const viewOf = (root: X509Certificate) => ({
    fingerprint: fingerprintOf(root),
    expiresAt: root.validToDate.getTime(),
  })

  return {
    current: () => ({ ...viewOf(currentOf(roots)), certificate: content.current.certificate }),
    previous: () => roots.slice(1).map(viewOf),
    trusted: () => [content.current.certificate, ...content.previous.map(({ certificate }) => certificate)],

    names: () => content.names,
    async learn(host) {
      if (content.names.includes(host) || content.names.length >= MOST_NAMES) return false
      await replace({ ...content, names: [...content.names, host] })
      return true
    },

    async issueServer({ dns, ip }) {
      const { keys, privatePem } = await makeKeyPair()
      const validity = { now: clock.now(), lifetimeMs: POLICY.tls.ownServerMs }
      const pem = (await issueServer(keys.publicKey, { dns, ip }, signer, validity)).toString('pem')
      const leaf = new X509Certificate(pem)
      return {
        cert: [pem, ...content.previous.map(({ successor }) => successor)].join('\n'),
        key: privatePem,
        fingerprint: fingerprintOf(leaf),
        names: leaf.subjectAltName ?? '',
        expiresAt: leaf.validToDate.getTime(),
      }
    },

    async issueNode(nodeId, request, notBefore) {
      const publicKey = await keyOfRequest(request)
      const validity = { now: Math.max(clock.now(), notBefore), lifetimeMs: POLICY.tls.nodeCertificateMs }
      const pem = (await issueNode(publicKey, { nodeId, uri: nodeUri(nodeId) }, signer, validity)).toString('pem')
      const certificate = new X509Certificate(pem)
      return {
        certificate: pem,
        serial: certificate.serialNumber.toLowerCase(),
        fingerprint: fingerprintOf(certificate),
        authority: fingerprintOf(currentOf(roots)),
        issuedAt: certificate.validFromDate.getTime() + BACKDATED_MS,
        expiresAt: certificate.validToDate.getTime(),
      }
    },

    judge: shown => nodeOfCertificate(shown, roots, clock.now()),

    async rotate() {
      const now = clock.now()
      const next = await makeRoot(now)
      const successor = await crossSign(next.certificate, signer, { now, lifetimeMs: POLICY.tls.authorityMs })
      await replace({
        ...content,
        current: next.stored,
        previous: [
          { certificate: content.current.certificate, successor: successor.toString('pem') },
          ...content.previous,
        ],
      })
    },

    async retire(isNeeded) {
      const previous = content.previous.filter(({ certificate }) => isNeeded(fingerprintOf(certificate)))
      if (previous.length === content.previous.length) return false
      await replace({ ...content, previous })
      return true
    },
  }
}

async function makeRoot(now: number) {
  const { keys, privatePem } = await makeKeyPair()
  // A name of its own: two roots of one name would be mistaken for each other.
  const name = `CN=Strata authority ${crypto.randomUUID().slice(0, 8)}`
  const certificate = await issueRoot(keys, name, { now, lifetimeMs: POLICY.tls.authorityMs })
  return { certificate, stored: { certificate: certificate.toString('pem'), key: privatePem } }
}

async function signerOf({ current }: AuthorityContent): Promise<Signer> {
  return { certificate: new x509.X509Certificate(current.certificate), key: await readSigningKey(current.key) }
}

/** The present one first. */
function rootsOf({ current, previous }: AuthorityContent): X509Certificate[] {
  return [current.certificate, ...previous.map(({ certificate }) => certificate)].map(pem => new X509Certificate(pem))
}

function currentOf([current]: X509Certificate[]): X509Certificate {
  if (!current) throw new Error('an authority without a root')
  return current
}

/** @throws AppError MESSAGE_INVALID for a request that is none, or whose sender does not hold the key that it names. */
async function keyOfRequest(request: string): Promise<x509.PublicKey> {
  try {
    const read = new x509.Pkcs10CertificateRequest(request)
    if (await read.verify()) return read.publicKey
  } catch (cause) {
    throw new AppError('MESSAGE_INVALID', 'The request for a certificate cannot be read.', { cause })
  }
  throw new AppError('MESSAGE_INVALID', 'The request for a certificate is not signed by the key that it names.')
}
