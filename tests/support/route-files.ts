import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { EventHandler } from 'h3'

const ROOT = fileURLToPath(new URL('../../server', import.meta.url))
const METHODS = ['get', 'head', 'patch', 'post', 'put', 'delete', 'connect', 'options', 'trace'] as const
type Method = (typeof METHODS)[number]

export interface RouteFile {
  /** Relative to server/. */
  file: string
  /** As h3's router takes it: `/api/v1/nodes/:id`. */
  path: string
  /** Undefined: every method that no other file of this path takes. */
  method: Method | undefined
  load(): Promise<EventHandler>
}

/** Every route of the brain, by Nitro's rules of file names (https://nitro.build/guide/routing). */
export async function findRouteFiles(): Promise<RouteFile[]> {
  const inApi = await routesBelow('api', '/api')
  const beside = await routesBelow('routes', '')
  return [...inApi, ...beside].sort((a, b) => (a.file < b.file ? -1 : 1))
}

async function routesBelow(folder: string, prefix: string): Promise<RouteFile[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => {
      const full = join(entry.parentPath, entry.name)
      const file = full.slice(ROOT.length + 1)
      const bare = file.slice(folder.length + 1).replace(/\.ts$/, '')
      const method = METHODS.find(name => bare.endsWith(`.${name}`))
      return {
        file,
        path: prefix + toPath(method ? bare.slice(0, -method.length - 1) : bare),
        method,
        load: async () => loadDefault(full),
      }
    })
}

function toPath(bare: string): string {
  const path = `/${bare}`
    .replace(/\/index$/, '')
    .replace(/\[\.{3}\]/g, '**')
    .replace(/\[\.{3}(\w+)\]/g, '**:$1')
    .replace(/\[(\w+)\]/g, ':$1')
  return path === '' ? '/' : path
}

async function loadDefault(file: string): Promise<EventHandler> {
  const module: { default: EventHandler } = await import(pathToFileURL(file).href)
  return module.default
}

/** The middleware of server/middleware in the order of their names, as Nitro runs them. */
export async function loadMiddleware(): Promise<EventHandler[]> {
  const files = (await readdir(join(ROOT, 'middleware'))).filter(name => name.endsWith('.ts')).sort()
  return Promise.all(files.map(name => loadDefault(join(ROOT, 'middleware', name))))
}
