import { describe, expect, it } from 'vitest'
import { filterFromQuery, isFiltered, matchesFilter, queryFromFilter } from '../../../../composables/instance/filter'
import type { Instance } from '../../../../shared/schemas/instance'

const instance = (part: Partial<Instance> = {}) =>
  ({
    id: 'i1',
    name: 'Lobby-1',
    description: '',
    state: 'RUNNING',
    gamemode: 'lobby',
    address: '203.0.113.7:25001',
    node: { id: 'n1', name: 'fsn-1' },
    layers: [{ template: 'base' }, { template: 'lobby' }],
    ...part,
  }) as Instance

describe('filter in the address bar', () => {
  it('comes back as it went', () => {
    const filter = { states: ['RUNNING', 'FAILED'], nodes: ['n1'], templates: ['base'], text: 'x' } as const
    expect(
      filterFromQuery(
        queryFromFilter({
          ...filter,
          states: [...filter.states],
          nodes: [...filter.nodes],
          templates: [...filter.templates],
        }),
      ),
    ).toEqual(filter)
    expect(queryFromFilter(filterFromQuery({}))).toEqual({})
  })

  it('leaves out states that do not exist and reads repeated keys', () => {
    expect(filterFromQuery({ state: ['RUNNING,NONSENSE', 'FAILED'], q: ' a ' })).toMatchObject({
      states: ['RUNNING', 'FAILED'],
      text: 'a',
    })
  })
})

describe('matchesFilter', () => {
  const matches = (query: Record<string, string>, part?: Partial<Instance>) =>
    matchesFilter(instance(part), filterFromQuery(query))

  it('takes any of one kind and all kinds together', () => {
    expect(matches({ state: 'FAILED,RUNNING', node: 'n1,n2', template: 'lobby' })).toBe(true)
    expect(matches({ state: 'RUNNING', node: 'n2' })).toBe(false)
    expect(matches({ template: 'map' })).toBe(false)
    expect(matches({ node: 'n1' }, { node: null })).toBe(false)
  })

  it('finds text in name, address, gamemode and node, in any case', () => {
    for (const q of ['lobby', 'LOBBY-1', '25001', 'fsn']) expect(matches({ q })).toBe(true)
    expect(matches({ q: 'skywars' })).toBe(false)
  })

  it('shows destroyed servers only when they are asked for', () => {
    expect(matches({}, { state: 'DESTROYED' })).toBe(false)
    expect(matches({ state: 'DESTROYED' }, { state: 'DESTROYED' })).toBe(true)
  })
})

it('knows whether anything is narrowed', () => {
  expect(isFiltered(filterFromQuery({}))).toBe(false)
  expect(isFiltered(filterFromQuery({ q: 'x' }))).toBe(true)
})
