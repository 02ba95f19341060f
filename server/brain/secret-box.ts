import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { AppError } from '../../shared/errors'
import type { SecretBox } from '../ports'

const PREFIX = 'v1.'
const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * AES-256-GCM with a fresh 96-bit nonce per value (NIST SP 800-38D). A sealed text is `v1.` and base64url of nonce,
 * tag and cipher text; every sealing of one value looks different.
 *
 * @param key 32 bytes. Whoever has it and the database can read every secret; who loses it can read none.
 */
export function createSecretBox(key: Buffer): SecretBox {
  return {
    seal(plain) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return PREFIX + Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')
    },
    open(sealed) {
      if (!sealed.startsWith(PREFIX)) throw notOurs()
      const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64url')
      if (bytes.length < IV_BYTES + TAG_BYTES) throw notOurs()
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES))
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
      try {
        return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      } catch (error) {
        throw notOurs(error)
      }
    },
  }
}

function notOurs(cause?: unknown): AppError {
  return new AppError(
    'INTERNAL',
    'A stored secret cannot be opened: it was sealed with another key file, or its bytes were changed.',
    { cause },
  )
}
