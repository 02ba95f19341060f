import { X509Certificate } from 'node:crypto'

/** SHA-256 of a certificate's bytes, as 64 lower-case hexadecimal digits. Throws for what is no certificate. */
export function fingerprintOf(certificate: string | X509Certificate): string {
  const read = typeof certificate === 'string' ? new X509Certificate(certificate) : certificate
  return read.fingerprint256.replaceAll(':', '').toLowerCase()
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The certificates of a PEM file, in order. */
export function splitChain(pem: string): string[] {
  return pem.match(BLOCK) ?? []
}
