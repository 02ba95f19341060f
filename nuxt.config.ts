import { existsSync, readdirSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'

/** One folder of message files per language, one file per part of the panel. */
const messageFiles = (code: string) => {
  const folder = join(import.meta.dirname, 'i18n/locales', code)
  return existsSync(folder) ? readdirSync(folder).map(file => `${code}/${file}`) : []
}

/** Folders beside the app that are programs, tests or data of their own. */
const notTheApp = ['agent/**', 'core/**', 'tests/**', 'drizzle/**', 'examples/**', 'data/**', 'dist/**', '.strata/**']

/** The module `#strata/routes` (server/openapi/all-routes.d.ts). */
function listOfRoutes(handlers: readonly { route?: string; method?: string; middleware?: boolean; handler: string }[]) {
  const routes = handlers.filter(({ route, middleware }) => route !== undefined && !middleware)
  const lines = routes.map(({ route, method, handler }) => {
    const load = `() => import(${JSON.stringify(handler)})`
    return `  { path: ${JSON.stringify(route)}, method: ${JSON.stringify(method)}, load: ${load} },`
  })
  return `export const routes = [\n${lines.join('\n')}\n]\n`
}

export default defineNuxtConfig({
  compatibilityDate: '2026-11-01',
  srcDir: '.',
  // The panel shows live state, which a page made on the server would already have lost; and the brain's one thread
  // decides over servers, it does not draw pages.
  ssr: false,
  spaLoadingTemplate: 'assets/loading.html',
  app: {
    head: {
      title: 'Strata',
      htmlAttrs: { lang: 'en' },
      link: [{ rel: 'icon', type: 'image/svg+xml', href: '/favicon.svg' }],
    },
  },
  modules: ['@nuxt/ui', '@nuxtjs/i18n', '@vueuse/nuxt', 'nuxt-auth-utils'],
  css: ['~/assets/css/main.css'],
  devtools: { enabled: false },
  telemetry: false,
  sourcemap: false,
  ignore: notTheApp,

  // Build and run need no internet: fonts and icons come from packages, never from a server of somebody else.
  ui: { fonts: false },
  icon: {
    provider: 'server',
    serverBundle: { collections: ['lucide'] },
    clientBundle: {
      scan: { globInclude: ['app.config.ts', '{components,pages,layouts,composables}/**/*.{vue,ts}', '*.vue'] },
    },
    fallbackToApi: false,
  },

  // Who is signed in is asked of /api/v1/auth/me; the module's own session route is closed.
  auth: { loadStrategy: 'none' },

  i18n: {
    strategy: 'no_prefix',
    defaultLocale: 'en',
    locales: [
      { code: 'en', language: 'en', name: 'English', files: messageFiles('en') },
      { code: 'de', language: 'de', name: 'Deutsch', files: messageFiles('de') },
    ],
  },

  runtimeConfig: {
    session: {
      name: 'strata-session',
      password: '', // made on the first start, kept in the data folder
      cookie: { secure: true, sameSite: 'lax' }, // STRATA_COOKIE_SECURE decides at run time
    },
  },

  nitro: {
    ignore: notTheApp,
    // The certificate library finds its parts through this polyfill, which is imported for what it does alone.
    moduleSideEffects: ['reflect-metadata'],
    experimental: { websocket: true },
    esbuild: { options: { target: 'es2024' } }, // what Node 24 runs as it is
    hooks: {
      // Nitro loads routes one by one, when they are asked for; the document of all routes needs them all.
      'build:before'(nitro) {
        nitro.options.virtual['#strata/routes'] = () => listOfRoutes(nitro.scannedHandlers)
      },
      // Nitro bundles code alone; migrations and example layers are files, read when the brain starts.
      async compiled(nitro) {
        for (const folder of ['drizzle', 'examples'])
          await cp(folder, join(nitro.options.output.serverDir, folder), { recursive: true })
      },
    },
  },

  typescript: {
    strict: true,
    tsConfig: { exclude: ['../agent', '../core', '../tests', '../scripts', '../examples', '../data', '../dist'] },
  },
})
