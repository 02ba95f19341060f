import { expect, it } from 'vitest'
import { placesOf, sectionsOf } from '../../../../composables/variable/places'
import type { ScopeVariable } from '../../../../shared/schemas/scope-variable'

const given = (scope: ScopeVariable['scope'], id: string, name: string, value = ''): ScopeVariable => ({
  scope,
  id,
  name,
  value,
  secret: false,
  updatedAt: 1,
  updatedBy: 'ada',
})
const NODES = [
  { id: 'n2', name: 'zeta', region: 'eu' },
  { id: 'n1', name: 'alpha', region: null },
]
const VARIABLES = [
  given('node', 'n1', 'MOTD', 'near'),
  given('region', 'gone', 'LOCALE', 'de'),
  given('network', 'all', 'MOTD'),
]

it('knows every place that could have variables, and those that are only known by theirs', () => {
  expect(placesOf(NODES, VARIABLES).map(({ scope, name }) => `${scope} ${name}`)).toEqual([
    'network ',
    'region eu',
    'region gone',
    'node alpha',
    'node zeta',
  ])
})

it('finds variables by name, value and place', () => {
  const places = placesOf(NODES, VARIABLES)
  const found = (needle: string) =>
    sectionsOf(places, VARIABLES, needle).map(({ place, variables }) => [place.id, variables.map(({ name }) => name)])
  expect(found('')).toEqual([
    ['all', ['MOTD']],
    ['gone', ['LOCALE']],
    ['n1', ['MOTD']],
  ])
  expect(found(' motd')).toEqual([
    ['all', ['MOTD']],
    ['n1', ['MOTD']],
  ])
  expect(found('near')).toEqual([['n1', ['MOTD']]])
  expect(found('ALPHA')).toEqual([['n1', ['MOTD']]])
  expect(found('nothing')).toEqual([])
})
