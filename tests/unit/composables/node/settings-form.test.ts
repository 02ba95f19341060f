import { expect, it } from 'vitest'
import { formOf, nodeSettingsForm, patchOf } from '../../../../composables/node/settings-form'

const node = {
  name: 'cellar',
  region: null,
  tags: ['fast'],
  labels: { disk: 'ssd' },
  overrides: { maxInstances: 12, reserve: { memoryBytes: 2 * 1024 ** 3 }, ports: { from: 30_000, to: 30_010 } },
}

it('comes back as it went in, with null for what the machine is to say', () => {
  expect(patchOf(nodeSettingsForm.parse(formOf(node)))).toEqual({
    name: 'cellar',
    region: null,
    tags: ['fast'],
    labels: { disk: 'ssd' },
    address: null,
    maxInstances: 12,
    ports: { from: 30_000, to: 30_010 },
    reserve: { memoryBytes: 2 * 1024 ** 3, cpus: null, diskBytes: null },
  })
})

it('finds what cannot be before it is sent', () => {
  const faults = (change: Partial<ReturnType<typeof formOf>>) =>
    nodeSettingsForm.safeParse({ ...formOf(node), ...change }).error?.issues.map(issue => issue.path[0])
  expect(faults({ address: '0.0.0.0' })).toEqual(['address'])
  expect(faults({ labels: ['disk'] })).toContain('labels')
  expect(faults({ portFrom: null })).toEqual(['portTo'])
  expect(faults({ portFrom: 31_000 })).toEqual(['portTo'])
  expect(faults({})).toBeUndefined()
})
