/** Made by the build (nuxt.config.ts): every route file that Nitro found. */
declare module '#strata/routes' {
  import type { EventHandler } from 'h3'

  export const routes: readonly {
    path: string
    method: string | undefined
    load(): Promise<{ default: EventHandler }>
  }[]
}
