import { createPrivateKey, type webcrypto } from 'node:crypto'

/** ECDSA on P-256: small, quick, and understood by every TLS library. */
export const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export interface KeyPair extends webcrypto.CryptoKeyPair {
  /** PKCS #8, PEM. */
  privatePem: string
}

export async function makeKeyPair(): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
  const der = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
  return { ...keys, privatePem: key.export({ format: 'pem', type: 'pkcs8' }).toString() }
}

/** Throws for what is no private key of KEY_ALGORITHM. */
export function readSigningKey(privatePem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(privatePem).export({ format: 'der', type: 'pkcs8' })
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), KEY_ALGORITHM, false, ['sign'])
}
