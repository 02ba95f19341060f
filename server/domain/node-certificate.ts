import { POLICY } from '../../shared/domain/policy'

const PREFIX = 'strata://node/'

/** How a certificate names its node (subjectAltName, URI). */
export function nodeUri(nodeId: string): string {
  return PREFIX + nodeId
}

/** The node that a certificate's alternative names say (`URI:strata://node/…`, as Node prints them); null unless it is exactly one, and nothing else. */
export function nodeOfUri(subjectAltName: string): string | null {
  const named = /^URI:strata:\/\/node\/([0-9a-z-]+)$/.exec(subjectAltName)
  return named?.[1] ?? null
}

/** When a certificate is replaced: after two thirds of its life, earlier by up to `jitter` of it, so that nodes that joined together do not come together. */
export function renewalDueAt(certificate: { issuedAt: number; expiresAt: number }, jitter: number): number {
  const life = certificate.expiresAt - certificate.issuedAt
  return certificate.issuedAt + life * (POLICY.tls.renewAfter - POLICY.tls.renewJitter * jitter)
}
