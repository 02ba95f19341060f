import { createHash } from 'node:crypto'

/**
 * How a secret of 32 random bytes is kept: a plain sha256. Guessing is hopeless whatever the hash costs, and a lookup
 * by hash tells nothing through its timing. Passwords are no such secrets; they get scrypt.
 */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
