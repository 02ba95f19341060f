import type { X509Certificate } from 'node:crypto'
import { fingerprintOf } from '../../core/certificates/fingerprint'
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
export function nodeOfCertificate(
  shown: X509Certificate,
  roots: readonly X509Certificate[],
  now: number,
): ReturnType<NodeAuthority['judge']> {
  const root = roots.find(candidate => shown.checkIssued(candidate) && shown.verify(candidate.publicKey))
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
