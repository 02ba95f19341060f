import { createServer } from 'node:http'
import { TlsFault } from './tls-fault'

export interface Redirect {
  close(): Promise<void>
}

/** Leads who comes by plain HTTP to the port with TLS, with the same method (308). Throws TlsFault when it cannot listen. */
export async function openRedirect(options: {
  host: string
  port: number
  to: number
  publicUrl: URL | null
}): Promise<Redirect> {
  const server = createServer((request, response) => {
    const target = targetOf(request.headers.host, request.url ?? '/', options)
    if (target) response.writeHead(308, { location: target.href })
    else response.writeHead(400)
    response.end()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause =>
      reject(
        new TlsFault(
          `The brain cannot listen on ${options.host}, port ${options.port}: ${cause.message}. Set STRATA_HTTP_REDIRECT_PORT to another port, or leave it out.`,
          { cause },
        ),
      ),
    )
    server.listen(options.port, options.host, resolve)
  })
  return {
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A request line may name another server (`GET http://other/`): only path and query of it are taken. */
function targetOf(host: string | undefined, url: string, { to, publicUrl }: { to: number; publicUrl: URL | null }) {
  const target = publicUrl?.protocol === 'https:' ? new URL(publicUrl) : URL.parse(`https://${host ?? ''}`)
  const asked = URL.parse(url, 'http://asked')
  if (!target || !asked) return null
  if (publicUrl?.protocol !== 'https:') target.port = String(to)
  target.pathname = asked.pathname
  target.search = asked.search
  return target
}
