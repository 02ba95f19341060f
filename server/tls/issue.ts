import { KEY_ALGORITHM, type Keys, type SigningKey } from '../../core/certificates/key-pair'
import * as x509 from '../../core/certificates/x509'

/** Nodes' and machines' clocks may be wrong by hours; a certificate is not refused for being minutes old. */
export const BACKDATED_MS = 24 * 3_600_000

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/** Who signs. */
export interface Signer {
  certificate: x509.X509Certificate
  key: SigningKey
}

interface Validity {
  now: number
  lifetimeMs: number
}

/** A root: it signs itself, and others directly. */
export function issueRoot(keys: Keys, name: string, validity: Validity): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.createSelfSigned({
    ...common(validity),
    name,
    keys,
    extensions: rootExtensions(),
  })
}

/** The root `of`, signed by an older one: whoever trusts only that one trusts what the new one signs. */
export function crossSign(of: x509.X509Certificate, by: Signer, validity: Validity): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    ...common(validity),
    subject: of.subject,
    issuer: by.certificate.subject,
    publicKey: of.publicKey,
    signingKey: by.key,
    extensions: rootExtensions(),
  })
}

/** For a server that is reached under these host names and addresses. */
export function issueServer(
  publicKey: Keys['publicKey'],
  names: { dns: readonly string[]; ip: readonly string[] },
  by: Signer,
  validity: Validity,
): Promise<x509.X509Certificate> {
  const alternatives: x509.JsonGeneralName[] = [
    ...names.dns.map(value => ({ type: 'dns' as const, value })),
    ...names.ip.map(value => ({ type: 'ip' as const, value })),
  ]
  return x509.X509CertificateGenerator.create({
    ...common(validity),
    subject: 'CN=Strata brain',
    issuer: by.certificate.subject,
    publicKey,
    signingKey: by.key,
    extensions: [...leafExtensions(SERVER_AUTH), new x509.SubjectAlternativeNameExtension(alternatives)],
  })
}

/** For the agent of one node. Nothing of the request counts but its key: who the node is, the brain knows. */
export function issueNode(
  publicKey: x509.PublicKey,
  identity: { nodeId: string; uri: string },
  by: Signer,
  validity: Validity,
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    ...common(validity),
    subject: `CN=${identity.nodeId}`,
    issuer: by.certificate.subject,
    publicKey,
    signingKey: by.key,
    extensions: [
      ...leafExtensions(CLIENT_AUTH),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: identity.uri }], true),
    ],
  })
}

function common({ now: asked, lifetimeMs }: Validity) {
  // Certificates tell seconds. Rounded up, so that one made after a moment never looks older than that moment.
  const now = Math.ceil(asked / 1_000) * 1_000
  return {
    serialNumber: newSerial(),
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + lifetimeMs),
    signingAlgorithm: KEY_ALGORITHM,
  }
}

/** 127 random bits: positive, not guessable, and never the same twice (RFC 5280, 4.1.2.2). */
function newSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return Buffer.from(bytes).toString('hex')
}

function rootExtensions(): x509.Extension[] {
  return [
    // Without a limit of depth: after several changes of the authority the cross-signed forms stand in a row.
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ]
}

function leafExtensions(usage: string): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([usage]),
  ]
}
