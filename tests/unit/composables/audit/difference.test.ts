import { expect, it } from 'vitest'
import { auditDifference } from '../../../../composables/audit/difference'

it('puts old beside new, and leaves out what stayed as it was', () => {
  const detail = { username: 'anna', old: { role: 'viewer', disabled: false }, new: { role: 'admin', disabled: false } }
  expect(auditDifference(detail)).toEqual({
    changes: [{ path: 'role', before: 'viewer', after: 'admin' }],
    facts: [{ path: 'username', value: 'anna' }],
  })
})

it('finds the new values beside the old ones where they are not called so', () => {
  const detail = {
    id: 'i1',
    description: 'new',
    resources: { memoryMb: 2 },
    old: { description: '', resources: { memoryMb: 1, cpus: 2 } },
  }
  expect(auditDifference(detail)).toEqual({
    changes: [
      { path: 'description', before: '', after: 'new' },
      { path: 'resources.memoryMb', before: '1', after: '2' },
      { path: 'resources.cpus', before: '2', after: undefined },
    ],
    facts: [{ path: 'id', value: 'i1' }],
  })
})

it('shows what is gone, and facts of any shape', () => {
  expect(auditDifference({ old: { name: 'ci' } }).changes).toEqual([{ path: 'name', before: 'ci', after: undefined }])
  expect(auditDifference({ layers: [{ template: 'a' }], deep: { x: null }, empty: {} })).toEqual({
    changes: [],
    facts: [
      { path: 'layers', value: '[{"template":"a"}]' },
      { path: 'deep.x', value: 'null' },
      { path: 'empty', value: '{}' },
    ],
  })
})
