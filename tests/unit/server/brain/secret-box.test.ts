import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createSecretBox } from '../../../../server/brain/secret-box'

const box = createSecretBox(randomBytes(32))

it('gives back whatever was sealed, and never looks the same twice', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), plain => {
      const sealed = box.seal(plain)
      expect(box.open(sealed)).toBe(plain)
      expect(box.seal(plain)).not.toBe(sealed)
    }),
  )
})

it('opens nothing that was changed, cut, or sealed by another', () => {
  const sealed = box.seal('hush')
  for (let at = 3; at < sealed.length; at++) {
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
    // The last letter holds bits that mean nothing.
    if (Buffer.from(changed.slice(3), 'base64url').equals(Buffer.from(sealed.slice(3), 'base64url'))) continue
    expect(() => box.open(changed), changed).toThrow('cannot be opened')
  }
  for (const bad of [
    '',
    'v1.',
    'hush',
    sealed.slice(0, 20),
    sealed.replace('v1', 'v2'),
    createSecretBox(randomBytes(32)).seal('hush'),
  ]) {
    expect(() => box.open(bad)).toThrow('cannot be opened')
  }
})
