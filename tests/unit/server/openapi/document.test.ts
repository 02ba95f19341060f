import { createConfig, lintFromString } from '@redocly/openapi-core'
import { beforeAll, expect, it } from 'vitest'
import { ERRORS } from '../../../../shared/errors'
import { describeApi } from '../../../../server/openapi/document'
import type { OpenApiDocument } from '../../../../server/openapi/document'
import type { ListedRoute } from '../../../../server/openapi/route-list'
import { judgeBy, routesOfFolders } from '../../../support/api-document'
import { findRouteFiles } from '../../../support/route-files'

let routes: ListedRoute[]
let document: OpenApiDocument

beforeAll(async () => {
  routes = await routesOfFolders()
  document = describeApi(routes, '1.2.3')
})

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const
const operations = () =>
  Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap(method => {
      const operation = item[method]
      return operation ? [{ name: `${method} ${path}`, operation }] : []
    }),
  )

it('stands up to a linter', async () => {
  const config = await createConfig({
    extends: ['recommended-strict'],
    rules: {
      // Some addresses only lead on to another.
      'operation-2xx-response': 'off',
      // A record over all states is said by `propertyNames` and `required`.
      'no-required-schema-properties-undefined': 'off',
      'operation-4xx-response': 'error',
      'operation-operationId-unique': 'error',
      'tag-description': 'error',
      'no-unused-components': 'error',
      'path-parameters-defined': 'error',
    },
  })
  const problems = await lintFromString({ source: JSON.stringify(document), config })
  expect(
    problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer ?? ''}: ${message}`),
  ).toEqual([])
})

it('has every route file in it', async () => {
  const files = (await findRouteFiles()).filter(({ file }) => !file.endsWith('/[...].ts'))
  expect(operations()).toHaveLength(files.length)
  expect(routes).toHaveLength(files.length)
})

it('says of each what it does, in one line of its own', () => {
  const summaries = operations()
    .filter(({ name }) => !name.startsWith('head '))
    .map(({ operation }) => operation.summary ?? '')
  expect(summaries.filter(summary => !/^[A-Z'].{3,70}[^.\s]$/.test(summary))).toEqual([])
  expect(new Set(summaries).size).toBe(summaries.length)
})

it('names the permission of each and how to sign in', () => {
  for (const { name, operation } of operations()) {
    const isPublic = operation.description?.includes('Needs no sign-in.')
    expect(operation.security, name).toHaveLength(isPublic ? 0 : name === 'get /metrics' ? 1 : 2)
  }
})

it('knows the header that makes creations safe to repeat, and the one that guards changes', () => {
  const headersOf = (path: string, method: 'post' | 'patch') =>
    (document.paths?.[path]?.[method]?.parameters ?? []).flatMap(parameter =>
      'in' in parameter && parameter.in === 'header' ? [parameter.name] : [],
    )
  expect(headersOf('/api/v1/instances', 'post')).toEqual(['Idempotency-Key'])
  expect(headersOf('/api/v1/instances/{id}', 'patch')).toEqual(['If-Match'])
  expect(headersOf('/api/v1/instances/{id}/start', 'post')).toEqual([])
})

it('finds answers that are not as documented', () => {
  const judge = judgeBy(document)
  const refusal = {
    type: 'urn:strata:problem:FORBIDDEN',
    title: ERRORS.FORBIDDEN.title,
    status: 403,
    code: 'FORBIDDEN',
    detail: 'No.',
    requestId: '1',
  }
  const answer = { method: 'GET', path: '/api/v1/nodes', status: 403, contentType: 'application/problem+json' }
  expect(judge({ ...answer, body: refusal })).toBeUndefined()
  expect(judge({ ...answer, body: { ...refusal, code: 'PORT_TAKEN' } })).toMatch(/unlike the document/)
  expect(judge({ ...answer, status: 418, body: refusal })).toMatch(/does not know/)
  expect(judge({ ...answer, contentType: 'text/html', body: refusal })).toMatch(/as text\/html/)
  const page = { method: 'GET', path: '/api/v1/nodes', status: 200, contentType: 'application/json' }
  expect(judge({ ...page, body: { items: [], nextCursor: null } })).toBeUndefined()
  expect(judge({ ...page, body: { items: [{ id: 'n1' }], nextCursor: null } })).toMatch(/must have required property/)
})
