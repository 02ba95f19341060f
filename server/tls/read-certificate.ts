import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fingerprintOf, splitChain } from '../../core/certificates/fingerprint'
import { TlsFault } from './tls-fault'

/** What a server proves itself with. `cert` is the whole chain, its own certificate first; both are PEM. */
export interface ServerCertificate {
  cert: string
  key: string
  fingerprint: string
  /** As the certificate says: `DNS:strata.example.org, IP Address:10.0.0.1`. */
  names: string
  expiresAt: number
}

/**
 * Reads and judges the operator's certificate and key. A pair that could not serve is refused here, in words: TLS itself would
 * only say that a handshake failed, to whoever comes first. Throws TlsFault.
 */
export function readCertificateFiles(files: { cert: string; key: string }, now: number): ServerCertificate {
  const chain = splitChain(readText(files.cert, 'STRATA_TLS_CERT'))
  const leaf = chain[0]
  if (leaf === undefined)
    throw new TlsFault(
      `STRATA_TLS_CERT: ${files.cert} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----). Name the file with the certificate and its chain.`,
    )
  const [certificate, ...others] = chain.map(pem => parse(pem, files.cert))
  const key = readKey(files.key)
  if (!certificate?.checkPrivateKey(key)) {
    const isBehind = others.some(other => other.checkPrivateKey(key))
    throw new TlsFault(
      isBehind
        ? `STRATA_TLS_CERT: ${files.cert} has the chain in the wrong order: the brain's own certificate must come first, then those that signed it.`
        : `STRATA_TLS_CERT and STRATA_TLS_KEY do not belong together: the certificate in ${files.cert} was made for another key than the one in ${files.key}.`,
    )
  }
  const expiresAt = certificate.validToDate.getTime()
  if (expiresAt <= now)
    throw new TlsFault(
      `STRATA_TLS_CERT: the certificate in ${files.cert} ended on ${certificate.validToDate.toISOString()}. Put a renewed one in its place.`,
    )
  if (certificate.validFromDate.getTime() > now)
    throw new TlsFault(
      `STRATA_TLS_CERT: the certificate in ${files.cert} is good only from ${certificate.validFromDate.toISOString()} on. See whether the clock of this machine is right.`,
    )
  return {
    cert: chain.join('\n'),
    key: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    fingerprint: fingerprintOf(certificate),
    names: certificate.subjectAltName ?? certificate.subject,
    expiresAt,
  }
}

function parse(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new TlsFault(`STRATA_TLS_CERT: a certificate in ${file} is damaged and cannot be read.`, { cause })
  }
}

function readKey(file: string): KeyObject {
  const text = readText(file, 'STRATA_TLS_KEY')
  try {
    return createPrivateKey(text)
  } catch (cause) {
    const isSealed = text.includes('ENCRYPTED')
    throw new TlsFault(
      isSealed
        ? `STRATA_TLS_KEY: the key in ${file} is protected by a passphrase, which nobody can type when the brain starts. Give it without (openssl pkey -in … -out …), mode 0600.`
        : `STRATA_TLS_KEY: ${file} holds no private key in PEM form, or a damaged one.`,
      { cause },
    )
  }
}

function readText(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new TlsFault(`${setting}: ${file} cannot be read: ${reason}. The user that runs the brain must be able to.`, {
      cause,
    })
  }
}
