// Asks the brain of this container whether it is well: exit code 0 or 1, as Docker wants it.
import { isIPv6 } from 'node:net'
import { nitroSettings } from './brain-settings.mjs'

const LIMIT_MS = 4_000

const { NITRO_HOST: host, NITRO_PORT: port } = nitroSettings(process.env)
const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
const url = `http://${isIPv6(reached) ? `[${reached}]` : reached}:${port}/healthz`

try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) })
  console.log(`${url} answered ${answer.status}`)
  process.exitCode = answer.ok ? 0 : 1
} catch (error) {
  console.log(`${url} does not answer: ${error.cause?.message ?? error.message}`)
  process.exitCode = 1
}
