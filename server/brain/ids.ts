import { randomBytes } from 'node:crypto'
import type { Clock, Ids } from '../ports'

/** Crockford's base 32: no i, l, o, u, so that an id can be read out over the phone. Sorted by code unit. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * Ids of 26 characters: ten of the time in milliseconds, sixteen random (80 bits); the layout of a ULID in lower
 * case (https://github.com/ulid/spec). Within one millisecond the random part counts up, so that ids of one brain
 * always sort in the order they were made.
 */
export function createIds(clock: Pick<Clock, 'now'>): Ids {
  let lastTime = 0
  let lastRandom = 0n
  return {
    entity() {
      const time = Math.max(clock.now(), lastTime)
      // One bit is left free for counting up.
      lastRandom = time === lastTime ? lastRandom + 1n : BigInt(`0x${randomBytes(10).toString('hex')}`) >> 1n
      lastTime = time
      return base32(BigInt(time), 10) + base32(lastRandom, 16)
    },
    secret: () => randomBytes(32).toString('base64url'),
  }
}

function base32(value: bigint, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest >>= 5n) text = ALPHABET.charAt(Number(rest & 31n)) + text
  return text
}
