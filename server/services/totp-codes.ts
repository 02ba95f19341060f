import { randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { POLICY } from '../../shared/domain/policy'
import { hashSecret } from './secret-hash'

const ISSUER = 'Strata'
/** Base32 without its look-alikes (RFC 4648 leaves out 0, 1 and 8). */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const GROUPS = 4
const GROUP = 4

export interface NewTotpSecret {
  /** Base32, to be typed where nothing can be scanned. */
  secret: string
  /** `otpauth://totp/…`, to be drawn as a QR code. */
  uri: string
}

/** 160 random bits, as RFC 4226 recommends. */
export function newTotpSecret(username: string): NewTotpSecret {
  const totp = generator(new Secret({ size: 20 }), username)
  return { secret: totp.secret.base32, uri: totp.toString() }
}

/** The time step whose code this is, or undefined. Steps count from 1970 in 30 s. */
export function stepOfCode(secret: string, code: string, now: number): number | undefined {
  const { periodSeconds, window } = POLICY.totp
  const totp = generator(Secret.fromBase32(secret))
  const delta = totp.validate({ token: code, timestamp: now, window })
  return delta === null ? undefined : Math.floor(now / 1_000 / periodSeconds) + delta
}

/** Codes of 80 random bits, four letters or digits in four groups. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: POLICY.totp.recoveryCodes }, () => {
    const letters = [...randomBytes(GROUPS * GROUP)].map(byte => ALPHABET[byte % ALPHABET.length]).join('')
    return letters.match(/.{4}/g)?.join('-') ?? letters
  })
}

/** However it was typed: case, spaces and dashes do not count. With so many bits a plain hash is enough. */
export function hashRecoveryCode(code: string): string {
  return hashSecret(code.toLowerCase().replace(/[^a-z2-7]/g, ''))
}

function generator(secret: Secret, label = ''): TOTP {
  const { periodSeconds, digits } = POLICY.totp
  return new TOTP({ issuer: ISSUER, label, secret, digits, period: periodSeconds, algorithm: 'SHA1' })
}
