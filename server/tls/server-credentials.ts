import { statSync } from 'node:fs'
import { POLICY } from '../../shared/domain/policy'
import type { Clock } from '../ports'
import type { Log } from '../brain/log'
import type { Authority } from './authority'
import { readCertificateFiles, type ServerCertificate } from './read-certificate'
import type { ServerNames } from './server-names'

/** What a listener of the brain proves itself with, always the newest. */
export interface ServerCredentials {
  readonly source: 'files' | 'own'
  current(): ServerCertificate
  /** Why what lies in the files now is not used; null when it is. */
  fault(): string | null
  onChange(listener: () => void): void
  stop(): void
}

type Files = { cert: string; key: string }

/**
 * The operator's files. They are looked at again every few seconds; a pair that is not good (half-written, say) is left
 * alone and the former one goes on. Throws TlsFault when they are not good at the start.
 */
export function filesCredentials(files: Files, { clock, log }: { clock: Clock; log: Log }): ServerCredentials {
  const changes = newsOf()
  let current = readCertificateFiles(files, clock.now())
  let seen = stampOf(files)
  let fault: string | null = null

  function look(): void {
    const stamp = stampOf(files)
    if (stamp === seen) return
    seen = stamp
    try {
      current = readCertificateFiles(files, clock.now())
      fault = null
      log.info(
        { expiresAt: new Date(current.expiresAt).toISOString(), names: current.names },
        'The TLS certificate was taken up anew',
      )
      changes.tell()
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error)
      log.warn({ fault }, 'The TLS certificate changed and cannot be used; the former one goes on')
    }
  }

  const looking = setInterval(look, POLICY.tls.lookMs).unref()
  return {
    source: 'files',
    current: () => current,
    fault: () => fault,
    onChange: changes.listen,
    stop: () => clearInterval(looking),
  }
}

/** Certificates of Strata's own authority, replaced long before they end, and when the authority changes. */
export async function ownCredentials(
  authority: Authority,
  names: () => ServerNames,
  { clock, log }: { clock: Clock; log: Log },
): Promise<ServerCredentials & { renew(): Promise<void> }> {
  const changes = newsOf()
  let current = await authority.issueServer(names())

  async function renew(): Promise<void> {
    current = await authority.issueServer(names())
    changes.tell()
  }

  const looking = setInterval(() => {
    if (current.expiresAt - clock.now() > POLICY.tls.ownServerMs / 3) return
    renew().catch((error: unknown) => log.error({ err: error }, "The brain's certificate could not be renewed"))
  }, POLICY.tls.sweepMs).unref()
  return {
    source: 'own',
    current: () => current,
    fault: () => null,
    onChange: changes.listen,
    renew,
    stop: () => clearInterval(looking),
  }
}

/** Changes with every replacement of a file, also when a link to it was turned. */
function stampOf({ cert, key }: Files): string {
  return [cert, key]
    .map(file => {
      const found = statSync(file, { throwIfNoEntry: false })
      return found ? `${found.ino}:${found.mtimeMs}:${found.size}` : 'gone'
    })
    .join(' ')
}

function newsOf() {
  const listeners: (() => void)[] = []
  return {
    listen: (listener: () => void) => void listeners.push(listener),
    tell: () => {
      for (const listener of listeners) listener()
    },
  }
}
