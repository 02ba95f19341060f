import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import { isEndpoint } from '../../server/http/define-endpoint'
import { describeApi } from '../../server/openapi/document'
import type { OpenApiDocument } from '../../server/openapi/document'
import type { ListedRoute } from '../../server/openapi/route-list'
import { findRouteFiles } from './route-files'

/** Every route, read from the folders; what the build lists for the brain. */
export async function routesOfFolders(): Promise<ListedRoute[]> {
  const loaded = await Promise.all(
    (await findRouteFiles()).map(async ({ path, method = 'get', load }) => ({ path, method, handler: await load() })),
  )
  return loaded.flatMap(({ path, method, handler }) =>
    isEndpoint(handler) ? [{ path, method, endpoint: handler.endpoint }] : [],
  )
}

export interface SeenAnswer {
  method: string
  /** Without a query. */
  path: string
  status: number
  contentType: string | null
  body: unknown
}

/** What the document does not say about an answer, in words; undefined when it is as documented, or of no route at all. */
export type JudgeAnswer = (answer: SeenAnswer) => string | undefined

let judge: Promise<JudgeAnswer> | undefined

/** Holds answers to the document of all routes; made once for all tests of a worker. */
export function answerJudge(): Promise<JudgeAnswer> {
  judge ??= routesOfFolders().then(routes => judgeBy(describeApi(routes, 'test')))
  return judge
}

export function judgeBy(document: OpenApiDocument): JudgeAnswer {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema({ ...document, $id: 'strata' })
  const compiled = new Map<string, ValidateFunction>()
  const paths = Object.keys(document.paths ?? {}).map(template => ({
    template,
    // A literal address before one with parameters: `/stats/instances` is no `/stats/{id}`.
    weight: template.split('{').length,
    pattern: new RegExp(
      `^${template
        .replaceAll('.', '\\.')
        .replace(/\{key\}/, '.+')
        .replace(/\{\w+\}/g, '[^/]+')}$`,
    ),
  }))
  paths.sort((one, other) => one.weight - other.weight)

  function at(pointer: string): ValidateFunction {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `strata#${pointer}` })
    compiled.set(pointer, known)
    return known
  }

  return ({ method, path, status, contentType, body }) => {
    const template = paths.find(({ pattern }) => pattern.test(path))?.template
    const operation = template && document.paths?.[template]?.[method.toLowerCase() as 'get']
    if (!template || !operation) return undefined
    const name = `${method} ${template} answered ${status}`
    const given = operation.responses?.[`${status}`]
    if (!given) return `${name}, which the document does not know: ${JSON.stringify(body)}`
    const isShared = '$ref' in given
    const pointer = isShared
      ? given.$ref.slice(1)
      : `/paths/${escapePointer(template)}/${method.toLowerCase()}/responses/${status}`
    const response = isShared ? document.components?.responses?.[given.$ref.split('/').at(-1) ?? ''] : given
    const content = response && 'content' in response ? response.content : undefined
    if (!content) return undefined
    const type = Object.keys(content).find(known => sameType(known, contentType))
    if (type === undefined)
      return `${name} as ${String(contentType)}, and the document knows ${Object.keys(content).join(', ')}`
    if (!type.includes('json') || method === 'HEAD') return undefined
    const validate = at(`${pointer}/content/${escapePointer(type)}/schema`)
    return validate(body) ? undefined : `${name} unlike the document: ${ajv.errorsText(validate.errors)}`
  }
}

function sameType(one: string, other: string | null): boolean {
  const bare = (type: string) => type.split(';')[0]?.trim().toLowerCase()
  return other !== null && bare(one) === bare(other)
}

function escapePointer(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
}
