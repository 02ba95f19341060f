import { createPrivateKey } from 'node:crypto'

/** ECDSA on P-256: small, quick, and understood by every TLS library. */
export const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

const generate = () => crypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])

/** Whatever this program calls them: browsers' and Node's types for the same thing have different names. */
export type Keys = Awaited<ReturnType<typeof generate>>
export type SigningKey = Keys['privateKey']

/** `privatePem` is PKCS #8. */
export async function makeKeyPair(): Promise<{ keys: Keys; privatePem: string }> {
  const keys = await generate()
  const der = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
  return { keys, privatePem: key.export({ format: 'pem', type: 'pkcs8' }).toString() }
}

/** Throws for what is no private key of KEY_ALGORITHM. */
export function readSigningKey(privatePem: string): Promise<SigningKey> {
  const der = createPrivateKey(privatePem).export({ format: 'der', type: 'pkcs8' })
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), KEY_ALGORITHM, false, ['sign'])
}
