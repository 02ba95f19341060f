import { describe, expect, it } from 'vitest'
import { grantsAllow, PERMISSIONS, roleAllows, strongestRole } from '../../../../shared/domain/permissions'

describe('roles', () => {
  it('include each other: what a viewer may, an operator may, and an admin may all', () => {
    for (const permission of PERMISSIONS) {
      if (roleAllows('viewer', permission))
        expect([permission, roleAllows('operator', permission)]).toEqual([permission, true])
      expect([permission, roleAllows('admin', permission)]).toEqual([permission, true])
    }
  })

  it('let a viewer change nothing', () => {
    const changing = PERMISSIONS.filter(name => /\.(?:manage|publish|delete|write|operate|destroy)$/.test(name))
    expect(changing.length).toBeGreaterThan(0)
    expect(changing.filter(permission => roleAllows('viewer', permission))).toEqual([])
  })

  it('let an operator run servers, but not manage people and nodes', () => {
    const refused = PERMISSIONS.filter(permission => !roleAllows('operator', permission))
    expect(refused).toEqual(['node.manage', 'user.manage', 'token.manage', 'audit.read', 'settings.manage'])
  })
})

describe('grants', () => {
  it('allow what any of them allows, and nothing without one', () => {
    expect(grantsAllow([], 'status.read')).toBe(false)
    expect(
      grantsAllow(
        [
          { role: 'viewer', scope: { kind: 'all' } },
          { role: 'admin', scope: { kind: 'all' } },
        ],
        'user.manage',
      ),
    ).toBe(true)
  })

  it('are shown by the strongest', () => {
    expect(
      strongestRole([
        { role: 'viewer', scope: { kind: 'all' } },
        { role: 'operator', scope: { kind: 'all' } },
      ]),
    ).toBe('operator')
    expect(strongestRole([])).toBeUndefined()
  })
})
