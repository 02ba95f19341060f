import { describe, expect, it } from 'vitest'
import { namedInstances } from '../../../../server/gateway/named-instances'

describe('the instances a message names', () => {
  it('are found at any depth, each once', () => {
    expect(
      namedInstances({ instanceId: 'a', list: [{ instanceId: 'b' }, { deep: { instanceId: 'a' } }], id: 'c' }),
    ).toEqual(['a', 'b'])
  })

  it('are none in a message about the node', () => {
    expect(namedInstances({ load: { cpu: 1 }, lines: ['instanceId'], nothing: null })).toEqual([])
  })
})
