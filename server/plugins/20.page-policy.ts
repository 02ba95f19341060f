import { defineNitroPlugin } from 'nitropack/runtime'
import { setResponseHeader } from 'h3'
import { pagePolicy } from '../http/page-policy'

/** Every rendered page gets its content policy. Not in development, where Vite brings scripts of its own. */
export default defineNitroPlugin(nitroApp => {
  if (import.meta.dev) return
  nitroApp.hooks.hook('render:response', (response, { event }) => {
    if (typeof response.body === 'string')
      setResponseHeader(event, 'content-security-policy', pagePolicy(response.body))
  })
})
