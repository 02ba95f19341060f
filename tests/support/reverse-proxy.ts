import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensurePrograms, findProgram } from './packages'
import { runCommand } from './run-command'
import { freePort } from './strata'
import { waitFor } from './wait-for'
import { openConnection } from './open-connection'

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples', 'proxy')
export type ProxyKind = 'caddy' | 'nginx'

/** One of the example proxies, with names, ports and certificate of a test put in and nothing else changed. */
export async function openReverseProxy(kind: ProxyKind, port: number, upstream: string) {
  await ensurePrograms({ caddy: 'caddy', nginx: 'nginx-light', openssl: 'openssl' })
  const home = mkdtempSync(join(tmpdir(), 'strata-proxy-'))
  const ca = kind === 'caddy' ? join(home, 'caddy/pki/authorities/local/root.crt') : join(home, 'cert.pem')
  const { args, env } = kind === 'caddy' ? forCaddy() : await forNginx()
  const child = spawn((await findProgram(kind)) ?? kind, args, { env: { ...process.env, ...env }, stdio: 'pipe' })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()))
  await waitFor(`${kind} to listen`, async () => {
    if (child.exitCode !== null) throw new Error(said)
    await openConnection(port)
    readFileSync(ca)
    return true
  })

  function forCaddy() {
    const config = join(home, 'Caddyfile')
    const globals = '{\n\tskip_install_trust\n\tadmin off\n\tauto_https disable_redirects\n}\n'
    writeFileSync(config, globals + readFileSync(join(EXAMPLES, 'Caddyfile'), 'utf8'))
    return {
      args: ['run', '--config', config, '--adapter', 'caddyfile'],
      env: {
        XDG_DATA_HOME: home,
        XDG_CONFIG_HOME: home,
        STRATA_DOMAIN: `localhost:${port}`,
        STRATA_UPSTREAM: upstream,
      },
    }
  }

  async function forNginx() {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const [key, cert] = [join(home, 'key.pem'), ca]
    await runCommand('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      ...subject,
    ])
    const site = readFileSync(join(EXAMPLES, 'nginx.conf'), 'utf8')
      .replaceAll('strata.example.org', 'localhost')
      .replaceAll('127.0.0.1:3000', upstream)
      .replaceAll('/etc/ssl/strata/fullchain.pem', cert)
      .replaceAll('/etc/ssl/strata/privkey.pem', key)
      .replace('listen 443', `listen 127.0.0.1:${port}`)
      .replace('listen 80', `listen 127.0.0.1:${await freePort()}`)
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    const temporary = folders.map(name => `${name}_temp_path ${join(home, 'temporary', name)};`).join('\n')
    mkdirSync(join(home, 'temporary'))
    const config = join(home, 'nginx.conf')
    writeFileSync(
      config,
      `daemon off; user root; pid ${join(home, 'pid')}; error_log stderr;\nevents {}\nhttp { access_log off;\n${temporary}\n${site}\n}\n`,
    )
    return { args: ['-p', home, '-c', config], env: {} }
  }

  return {
    ca,
    said: () => said,
    async close() {
      const ended = new Promise(resolve => child.once('exit', resolve))
      if (child.exitCode === null) child.kill('SIGTERM')
      await ended
      rmSync(home, { recursive: true, force: true })
    },
  }
}
export type ReverseProxy = Awaited<ReturnType<typeof openReverseProxy>>
