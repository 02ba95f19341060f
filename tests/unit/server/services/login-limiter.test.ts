import { expect, it } from 'vitest'
import { createLoginLimiter, sourceOf } from '../../../../server/services/login-limiter'
import { AppError } from '../../../../shared/errors'

it('counts an IPv6 network as one', () => {
  expect(sourceOf('2001:db8:1:2:3:4:5:6')).toBe(sourceOf('2001:0DB8:1:2::1'))
  expect(sourceOf('2001:db8:1:3::1')).not.toBe(sourceOf('2001:db8:1:2::1'))
  expect(sourceOf('::1')).toBe('0:0:0:0::/64')
  expect(sourceOf('203.0.113.7')).toBe('203.0.113.7')
})

it('counts wrong words and no other failure', async () => {
  const limiter = createLoginLimiter()
  const attempt = (error: Error) =>
    limiter.attempt({ username: 'anna', address: '203.0.113.7' }, () => Promise.reject(error))
  for (let failure = 0; failure < 20; failure++) await expect(attempt(new Error('disk'))).rejects.toThrow('disk')
  for (let failure = 0; failure < 5; failure++)
    await expect(attempt(new AppError('LOGIN_FAILED', 'no'))).rejects.toThrow('no')
  await expect(attempt(new AppError('LOGIN_FAILED', 'no'))).rejects.toMatchObject({
    code: 'TOO_MANY_REQUESTS',
    retryAfterSeconds: 60,
  })
})

it('lets forty that come at once try five times', async () => {
  const limiter = createLoginLimiter()
  let tries = 0
  const attempt = () =>
    limiter.attempt({ username: 'anna', address: '203.0.113.7' }, async () => {
      tries += 1
      await new Promise(resolve => setImmediate(resolve))
      throw new AppError('LOGIN_FAILED', 'no')
    })
  await Promise.allSettled(Array.from({ length: 40 }, attempt))
  expect(tries).toBe(5)
})

it('keeps no more than fifty waiting from one address', async () => {
  const limiter = createLoginLimiter()
  const slow = Promise.withResolvers<void>()
  const waiting = Array.from({ length: 50 }, () =>
    limiter.attempt({ username: 'anna', address: '203.0.113.7' }, () => slow.promise),
  )
  await expect(limiter.attempt({ username: 'anna', address: '203.0.113.7' }, () => slow.promise)).rejects.toMatchObject(
    { code: 'TOO_MANY_REQUESTS' },
  )
  slow.resolve()
  await Promise.all(waiting)
})
