import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import type { PasswordHasher } from '../../server/ports'

const CHEAP = { N: 16, r: 1, p: 1 }

/** scrypt at a cost that makes a test of fifty sign-ins short. The product takes that of nuxt-auth-utils, which only loads inside Nuxt. */
export const cheapPasswords: PasswordHasher = {
  async hash(plain) {
    const salt = randomBytes(8).toString('hex')
    return `${salt}:${scryptSync(plain, salt, 16, CHEAP).toString('hex')}`
  },
  async verify(hash, plain) {
    const [salt = '', key = ''] = hash.split(':')
    return timingSafeEqual(scryptSync(plain, salt, 16, CHEAP), Buffer.from(key, 'hex'))
  },
}
