import { defineNitroPlugin } from 'nitropack/runtime'
import { routes } from '#strata/routes'
import { isEndpoint } from '../http/define-endpoint'
import { provideRoutes } from '../openapi/route-list'

/** The document of all routes reads them from what the build listed; nothing is loaded before somebody asks for it. */
export default defineNitroPlugin(() =>
  provideRoutes(async () => {
    const loaded = await Promise.all(
      routes.map(async ({ path, method = 'get', load }) => ({ path, method, handler: (await load()).default })),
    )
    return loaded.flatMap(({ path, method, handler }) =>
      isEndpoint(handler) ? [{ path, method, endpoint: handler.endpoint }] : [],
    )
  }),
)
