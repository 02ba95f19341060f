import type { X509Certificate } from 'node:crypto'
import { fingerprintOf } from '../../core/certificates/fingerprint'
import * as x509 from '../../core/certificates/x509'
import { AppError } from '../../shared/errors'
import { nodeOfUri } from '../domain/node-certificate'
import type { NodeAuthority } from '../ports'
import { BACKDATED_MS } from './issue'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/**
 * Says which node a certificate speaks for. TLS proved that its holder has the key; whether it counts is judged here, and not
 * by TLS, so that a refusal is a sentence and not a broken handshake.
 *
 * @param roots those that are trusted; each signs nodes directly
 * @throws AppError HANDSHAKE_REFUSED
 */
export async function nodeOfCertificate(
  shown: X509Certificate,
  roots: readonly X509Certificate[],
  now: number,
): ReturnType<NodeAuthority['judge']> {
  const root = await signerAmong(roots, shown)
  if (!root)
    throw new AppError(
      'CERTIFICATE_UNKNOWN',
      'The certificate of this node was not issued by this brain, or by an authority that it gave up since.',
    )
  const nodeId = nodeOfUri(shown.subjectAltName ?? '')
  if (!nodeId || shown.ca || !shown.keyUsage?.includes(CLIENT_AUTH))
    throw new AppError('CERTIFICATE_UNKNOWN', 'The certificate that was shown is not that of a node.')
  const expiresAt = shown.validToDate.getTime()
  if (expiresAt <= now)
    throw new AppError(
      'CERTIFICATE_EXPIRED',
      `The certificate of this node ended on ${shown.validToDate.toISOString()}, while the node was away.`,
    )
  return {
    nodeId,
    serial: shown.serialNumber.toLowerCase(),
    fingerprint: fingerprintOf(shown),
    authority: fingerprintOf(root),
    issuedAt: shown.validFromDate.getTime() + BACKDATED_MS,
    expiresAt,
  }
}

/**
 * By WebCrypto, and not by `X509Certificate.verify`: that leaves an error in OpenSSL's queue of this thread when it says no, which the
 * next write of a TLS socket takes for its own (Node 24).
 */
async function signerAmong(
  roots: readonly X509Certificate[],
  shown: X509Certificate,
): Promise<X509Certificate | undefined> {
  const certificate = new x509.X509Certificate(shown.raw)
  for (const root of roots) {
    const publicKey = new x509.X509Certificate(root.raw).publicKey
    if (shown.issuer === root.subject && (await certificate.verify({ publicKey, signatureOnly: true }))) return root
  }
  return undefined
}
