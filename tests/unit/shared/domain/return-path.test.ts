import { expect, it } from 'vitest'
import { safeReturnPath } from '../../../../shared/domain/return-path'

it('leads back to a page of the panel', () => {
  expect(safeReturnPath('/instances?state=FAILED#x')).toBe('/instances?state=FAILED#x')
})

it.each([
  '//evil.example',
  '/\\evil.example',
  '\\/evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  '/a\nb',
  '/a\\b',
  'instances',
  '',
  undefined,
  null,
  ['/instances'],
  '/login?returnTo=/login',
  '/setup',
])('refuses %j', wanted => {
  expect(safeReturnPath(wanted)).toBe('/')
})
