import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TlsStatus } from '../../shared/schemas/tls'
import type { Log } from '../brain/log'
import { reachableUrl } from '../brain/reachable-url'
import type { Settings } from '../brain/settings'
import type { Gateway } from '../gateway/gateway'
import type { Clock } from '../ports'
import type { AgentTrust } from '../services/node-certificates'
import { agentRequests } from './agent-requests'
import { openAuthority, type Authority } from './authority'
import { refuseLostAuthority } from './authority-file'
import { openRedirect, type Redirect } from './redirect'
import { filesCredentials, ownCredentials, type ServerCredentials } from './server-credentials'
import { ownServerNames } from './server-names'
import { openTlsDoor, type TlsDoor } from './tls-door'

export interface DoorsDeps {
  settings: Settings
  /** Where the authority is kept. */
  authorityFile: string
  /** How many nodes the database knows by a certificate. */
  certifiedNodes: () => Promise<number>
  gateway: Pick<Gateway, 'webSocketServer'>
  clock: Clock
  log: Log
}

/** Where a machine that joins finds the brain, and by which root it knows it. */
export interface JoinAddress {
  brainUrl: URL
  /** SHA-256 of the root's certificate; null where the brain has a certificate that everybody trusts, or none. */
  authority: string | null
}

/** The brain's listeners beside the one that Nitro opens: with TLS for everybody, and for agents by certificate. */
export interface Doors {
  /**
   * Opens what the settings ask for.
   *
   * @param plain where Nitro listens: to everybody without TLS, to this machine alone with it
   * @returns where the brain is reached from this machine
   * @throws TlsFault
   */
  open(onRequest: RequestListener, plain: AddressInfo | null): Promise<URL>
  readonly trust: AgentTrust
  /** @param url where whoever asks reaches the brain */
  joinAddress(url: URL): Promise<JoinAddress>
  /** PEM of the present root; null where there is none. */
  authorityCertificate(): string | null
  status(nodesOf: (authority: string) => number): TlsStatus
  /** Twice is the same as once. */
  close(): Promise<void>
}

export function createDoors({ settings, authorityFile, certifiedNodes, gateway, clock, log }: DoorsDeps): Doors {
  const { tls, host, port, publicUrl } = settings
  const { mode } = tls.agents
  let authority: Authority | null = null
  let own: (ServerCredentials & { renew(): Promise<void> }) | null = null
  let files: ServerCredentials | null = null
  let panelDoor: TlsDoor | null = null
  let agentDoor: TlsDoor | null = null
  let redirect: Redirect | null = null
  let closing: Promise<void> | undefined

  const said = () => [
    host,
    ...tls.names,
    ...(publicUrl ? [publicUrl.hostname] : []),
    ...(tls.agents.url ? [tls.agents.url.hostname] : []),
    ...(authority?.names() ?? []),
  ]

  async function learn(hostname: string): Promise<void> {
    const known = ownServerNames(said())
    const name = hostname.replace(/^\[|\]$/g, '')
    if (known.dns.includes(name) || known.ip.includes(name)) return
    if (await authority?.learn(name)) await own?.renew()
  }

  async function agentUrlAt(hostname: string): Promise<URL> {
    const url = new URL(tls.agents.url ?? `https://${publicUrl?.hostname ?? hostname}`)
    if (!tls.agents.url) url.port = String(agentDoor?.address.port ?? tls.agents.port)
    await learn(url.hostname)
    return url
  }

  return {
    trust: {
      mode,
      authority: () => (mode === 'off' ? null : authority),
      async agentUrl(agentHost) {
        const hostname = URL.parse(`https://${agentHost ?? ''}`)?.hostname
        return (await agentUrlAt(hostname ?? 'localhost')).origin
      },
      authorityChanged: async () => own?.renew(),
    },

    async open(onRequest, plain) {
      const onUpgrade = gateway.webSocketServer.handleUpgrade
      if (mode !== 'off' || tls.source?.kind === 'own') {
        if (!tls.isNewAuthorityWanted) await refuseLostAuthority(authorityFile, certifiedNodes)
        authority = await openAuthority(authorityFile, clock)
        own = await ownCredentials(authority, () => ownServerNames(said()), { clock, log })
      }
      if (tls.source?.kind === 'files') files = filesCredentials(tls.source, { clock, log })
      const credentials = files ?? (tls.source ? own : null)
      if (credentials)
        panelDoor = await openTlsDoor({
          ...{ host, port, setting: 'STRATA_PORT', credentials, asksForCertificate: false },
          onRequest,
          onUpgrade,
        })
      if (mode !== 'off' && own && authority) {
        agentDoor = await openTlsDoor({
          ...{ host, port: tls.agents.port, setting: 'STRATA_AGENT_PORT', credentials: own, asksForCertificate: true },
          onRequest: agentRequests(onRequest),
          onUpgrade,
        })
        log.info({ port: agentDoor.address.port, mode }, 'Agents are taken by certificate')
      }
      if (panelDoor && tls.redirectPort !== null)
        redirect = await openRedirect({ host, port: tls.redirectPort, to: panelDoor.address.port, publicUrl })
      return panelDoor
        ? reachableUrl('https', host, panelDoor.address.port)
        : reachableUrl('http', host, plain?.port ?? port)
    },

    async joinAddress(url) {
      if (mode !== 'off' && authority)
        return { brainUrl: await agentUrlAt(url.hostname), authority: authority.current().fingerprint }
      const isOwn = tls.source?.kind === 'own' && authority !== null && url.protocol === 'https:'
      if (isOwn) await learn(url.hostname)
      return { brainUrl: url, authority: isOwn ? (authority?.current().fingerprint ?? null) : null }
    },

    authorityCertificate: () => authority?.current().certificate ?? null,

    status(nodesOf) {
      const credentials = files ?? (tls.source ? own : null)
      const shown = credentials?.current()
      return {
        panel: {
          kind: credentials?.source ?? 'plain',
          isExposed: isExposed(settings),
          isBehindProxy: publicUrl?.protocol === 'https:' && !tls.source,
          certificate: shown
            ? {
                fingerprint: shown.fingerprint,
                names: shown.names.replaceAll(/(?:DNS|IP Address):/g, ''),
                expiresAt: shown.expiresAt,
              }
            : null,
          fault: credentials?.fault() ?? null,
        },
        agents: {
          mode,
          url: mode === 'off' ? null : (tls.agents.url?.origin ?? `:${agentDoor?.address.port ?? tls.agents.port}`),
          authority: authority && {
            current: { fingerprint: authority.current().fingerprint, expiresAt: authority.current().expiresAt },
            previous: authority.previous().map(root => ({ ...root, nodes: nodesOf(root.fingerprint) })),
          },
        },
      }
    },

    close() {
      files?.stop()
      own?.stop()
      return (closing ??= Promise.all([panelDoor?.close(), agentDoor?.close(), redirect?.close()]).then(
        () => undefined,
      ))
    },
  }
}

const EXPOSED =
  'The brain listens beyond this machine in plain HTTP: passwords, secrets and commands to nodes can be read and changed on the way. ' +
  'Use STRATA_TLS_CERT and STRATA_TLS_KEY, or STRATA_TLS=own, or a proxy with TLS (STRATA_PUBLIC_URL and STRATA_TRUSTED_PROXIES); in a network that you trust say STRATA_ALLOW_HTTP=on.'

/** What the operator is told at the start when anybody on the way can listen; null when nobody can, or it is wanted so. */
export function warningIfExposed(settings: Settings): string | null {
  return isExposed(settings) ? EXPOSED : null
}

/** In clear beyond this machine, as far as the brain can know, and nobody said that this is wanted. */
function isExposed({ host, tls, publicUrl, trustedProxies }: Settings): boolean {
  const isLocal = host === 'localhost' || host === '::1' || host.startsWith('127.')
  return (
    !isLocal && !tls.source && !tls.isHttpAllowed && publicUrl?.protocol !== 'https:' && trustedProxies.length === 0
  )
}
