import { expect, it } from 'vitest'
import { createSpeedometer } from '../../../../composables/template/upload'

it('measures over the last seconds, so that a dead line shows', () => {
  const speed = createSpeedometer(4_000)
  expect(speed(0, 0)).toBeNull()
  expect(speed(1_000, 1_000)).toBe(1_000)
  expect(speed(10_000, 2_000)).toBe(5_000)
  for (let at = 3_000; at <= 20_000; at += 1_000) speed(10_000, at)
  expect(speed(10_000, 21_000)).toBe(0)
})
