import { defineNitroPlugin } from 'nitropack/runtime'
import { setResponseHeader, setResponseHeaders } from 'h3'
import { pagePolicy } from '../http/page-policy'
import { brainOf, clientOf } from '../http/event-brain'
import { SECURITY_HEADERS } from '../http/security-headers'
import { isWorthRemembering, TRANSPORT_SECURITY } from '../http/transport-security'

/**
 * Headers that make browsers careful, on files and pages too. Every rendered page also gets its content policy; not in
 * development, where Vite brings scripts of its own.
 */
export default defineNitroPlugin(nitroApp => {
  nitroApp.hooks.hook('request', event => {
    setResponseHeaders(event, SECURITY_HEADERS)
    if (isWorthRemembering(brainOf(event).settings, clientOf(event)))
      setResponseHeader(event, 'strict-transport-security', TRANSPORT_SECURITY)
  })
  nitroApp.hooks.hook('render:response', (response, { event }) => {
    if (response.headers) delete response.headers['x-powered-by']
    if (!import.meta.dev && typeof response.body === 'string')
      setResponseHeader(event, 'content-security-policy', pagePolicy(response.body))
  })
})
