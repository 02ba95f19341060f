import type { Endpoint } from '../http/define-endpoint'

/** One route as the document sees it: `/api/v1/nodes/:id`, `get`. */
export interface ListedRoute {
  path: string
  method: string
  endpoint: Endpoint['endpoint']
}

let load: (() => Promise<ListedRoute[]>) | undefined

/**
 * Says where the list of all routes comes from: Nitro loads routes one by one when they are asked for, so that only its
 * build knows all of them. Tests read the folders.
 */
export function provideRoutes(source: () => Promise<ListedRoute[]>): void {
  load = source
}

/** Every route of the brain, each loaded. */
export async function listRoutes(): Promise<ListedRoute[]> {
  if (!load) throw new Error('Nobody said where the routes are: server/plugins/30.routes.ts does.')
  return load()
}
