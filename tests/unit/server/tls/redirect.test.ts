import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { openRedirect, type Redirect } from '../../../../server/tls/redirect'
import { TlsFault } from '../../../../server/tls/tls-fault'
import { freePort } from '../../../support/strata'

let redirect: Redirect | undefined
let port: number
afterEach(async () => {
  await redirect?.close()
  redirect = undefined
})

async function open(publicUrl: string | null = null) {
  port = await freePort()
  redirect = await openRedirect({ host: '127.0.0.1', port, to: 3443, publicUrl: publicUrl ? new URL(publicUrl) : null })
}

/** Status and location for a request line and a host as anybody could send them. */
function ask(line: string, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`${line} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`),
    )
    socket.on('data', chunk => (text += chunk.toString())).on('error', reject)
    socket.on('close', () => resolve(`${text.split(' ')[1]} ${/^location: (.*)\r$/im.exec(text)?.[1] ?? ''}`.trim()))
  })
}

describe('the port for plain HTTP', () => {
  it.each([
    ['GET /nodes?x=1', 'strata.lan:3000', '308 https://strata.lan:3443/nodes?x=1'],
    ['POST /api/v1/auth/login', '[::1]', '308 https://[::1]:3443/api/v1/auth/login'],
    ['GET http://elsewhere.example.org/a', 'strata.lan', '308 https://strata.lan:3443/a'],
    ['GET //elsewhere.example.org/a', 'strata.lan', '308 https://strata.lan:3443/a'],
    ['GET /', 'no host at all', '400'],
  ])('leads %s at %s to %s', async (line, host, answer) => {
    await open()
    expect(await ask(line, host)).toBe(answer)
  })

  it('leads to the address of the settings, whatever the request calls it', async () => {
    await open('https://strata.example.org')
    expect(await ask('GET /nodes', 'elsewhere.example.org')).toBe('308 https://strata.example.org/nodes')
  })

  it('says which setting names a port that is taken', async () => {
    await open()
    await expect(openRedirect({ host: '127.0.0.1', port, to: 3443, publicUrl: null })).rejects.toThrow(
      /port \d+: .*EADDRINUSE.*STRATA_HTTP_REDIRECT_PORT/,
    )
    await expect(openRedirect({ host: '127.0.0.1', port, to: 3443, publicUrl: null })).rejects.toThrow(TlsFault)
  })
})
