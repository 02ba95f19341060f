import { createDocument } from 'zod-openapi'
import type { ZodOpenApiPathItemObject } from 'zod-openapi'
import { problem } from '../../shared/schemas/status'
import { describeOperation } from './describe-operation'
import { nameNouns } from './nouns'
import type { ListedRoute } from './route-list'
import { TAGS } from './tags'

export type OpenApiDocument = ReturnType<typeof createDocument>

const INTRODUCTION = `
Everything that the panel does goes through these addresses.

**Sign in** with an API token (\`Authorization: Bearer strata_…\`), or with a session cookie as browsers do.

**Errors** are problem documents (RFC 9457); their \`code\` is the stable part, their \`detail\` is a sentence for people.

Unknown fields and unknown parameters are refused with 400.

**Lists** come in pages: \`limit\` says how many, \`nextCursor\` of an answer is the \`cursor\` of the next page, and null on the last one.

**Times** are milliseconds since 1970, **sizes** are bytes.
`.trim()

/** The document of these routes, from the very schemas that judge requests and shape answers. OpenAPI 3.1. */
export function describeApi(routes: readonly ListedRoute[], version: string): OpenApiDocument {
  nameNouns()
  const paths: Record<string, ZodOpenApiPathItemObject> = {}
  for (const route of [...routes].sort((one, other) => (one.path < other.path ? -1 : 1))) {
    const path = route.path.replace(/(?:\*\*)?:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method]: describeOperation(route) }
  }
  return createDocument({
    openapi: '3.1.0',
    info: { title: 'Strata', version, description: INTRODUCTION, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/', description: 'This brain' }],
    tags: TAGS,
    paths,
    components: {
      schemas: { Problem: problem },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'An API token: `strata_…`' },
        session: { type: 'apiKey', in: 'cookie', name: 'strata-session', description: 'Set by signing in' },
      },
    },
  })
}
