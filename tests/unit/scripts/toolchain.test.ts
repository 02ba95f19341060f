import { expect, test } from 'vitest'
import { fulfils } from '../../../scripts/toolchain.mjs'

test.each([
  ['24.11.0', true],
  ['24.12.3', true],
  ['25.0.0', true],
  ['24.10.9', false],
  ['18.20.8', false],
  ['22.30.0', false],
])('Node %s is new enough: %s', (version, expected) => {
  expect(fulfils(version)).toBe(expected)
})
