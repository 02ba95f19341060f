// Asks the brain of this container whether it is well: exit code 0 or 1, as Docker wants it.
import http from 'node:http'
import https from 'node:https'
import { isIPv6 } from 'node:net'
import { speaksTls } from './brain-settings.mjs'

const LIMIT_MS = 4_000

const { STRATA_HOST: host = '127.0.0.1', STRATA_PORT: port = '3000' } = process.env
const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
const isTls = speaksTls(process.env)
const url = `${isTls ? 'https' : 'http'}://${isIPv6(reached) ? `[${reached}]` : reached}:${port}/healthz`

function end(text, isWell) {
  console.log(`${url} ${text}`)
  process.exit(isWell ? 0 : 1)
}

// It asks itself, on this machine: whose name the certificate bears does not matter here.
const call = (isTls ? https : http).get(url, { timeout: LIMIT_MS, rejectUnauthorized: false }, ({ statusCode }) =>
  end(`answered ${statusCode}`, statusCode === 200),
)
call.on('timeout', () => call.destroy(new Error(`no answer in ${LIMIT_MS / 1_000} s`)))
call.on('error', error => end(`does not answer: ${error.message}`, false))
