import { readFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
// Whole: an older Node lacks these names, and must get as far as being told that it is too old.
import * as tls from 'node:tls'
import { fingerprintOf, splitChain } from '../../core/certificates/fingerprint'
import { AppError } from '../../shared/errors'
import { writeFileAtomically } from '../write-file'

const FILE = 'brain-authority.pem'
const FETCH_LIMIT_MS = 10_000

export interface TrustSettings {
  brainUrl: string
  dataDir: string
  /** A file of roots to trust, PEM. */
  brainCa: string | null
  /** SHA-256 of the brain's own root, as the join command carries it. */
  brainCaSha256: string | null
}

/**
 * Makes this program trust the roots of its brain beside those of the machine, for sockets and downloads alike.
 *
 * The root named by its checksum is fetched from the brain itself, over a line that is not to be trusted yet: only the very
 * certificate with that checksum is taken, and kept. Nothing secret is said before.
 *
 * @throws AppError NODE_UNREACHABLE when the brain does not answer; BAD_REQUEST when what it has is another root, or a file is none.
 */
export async function trustBrain(settings: TrustSettings, given: readonly string[] = []): Promise<void> {
  const { brainCa, brainCaSha256 } = settings
  const roots = [...given]
  if (brainCa !== null) roots.push(...(await rootsOfFile(brainCa)))
  if (brainCaSha256 !== null && settings.brainUrl.startsWith('https:'))
    roots.push(await pinnedRoot(settings, brainCaSha256))
  trustRoots(roots)
}

/** Beside those that are trusted already. */
export function trustRoots(roots: readonly string[]): void {
  if (roots.length > 0) tls.setDefaultCACertificates([...new Set([...tls.getCACertificates('default'), ...roots])])
}

async function rootsOfFile(path: string): Promise<string[]> {
  const found = splitChain(
    await readFile(path, 'utf8').catch((cause: Error) => {
      throw new AppError('BAD_REQUEST', `STRATA_BRAIN_CA: ${path} cannot be read: ${cause.message}.`, { cause })
    }),
  )
  if (found.length === 0)
    throw new AppError('BAD_REQUEST', `STRATA_BRAIN_CA: ${path} holds no certificate in PEM form.`)
  return found
}

async function pinnedRoot({ brainUrl, dataDir }: TrustSettings, wanted: string): Promise<string> {
  const path = join(dataDir, FILE)
  const kept = splitChain(await readFile(path, 'utf8').catch(() => ''))[0]
  if (kept && isSame(kept, wanted)) return kept
  const fetched = splitChain(await fetchUnproven(new URL('/agent/authority.pem', brainUrl)))[0]
  if (!fetched || !isSame(fetched, wanted))
    throw new AppError(
      'BAD_REQUEST',
      `Whoever answers at ${brainUrl} is not the brain that the join command is of: its authority ${fetched ? `has the SHA-256 ${fingerprintOf(fetched)}` : 'cannot be read'}, and ${wanted} was to be expected. Nothing was told to it. If the brain changed its authority, use a new join command, or set STRATA_BRAIN_CA_SHA256 to what its page of settings shows.`,
    )
  await writeFileAtomically(path, fetched, 0o644)
  return fetched
}

function isSame(pem: string, wanted: string): boolean {
  try {
    return fingerprintOf(pem) === wanted
  } catch {
    return false
  }
}

/** Of a server that nothing is known of yet. */
function fetchUnproven(url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(
        new AppError('NODE_UNREACHABLE', `The brain does not answer at ${url.origin}: ${cause.message}.`, { cause }),
      )
    const request = get(url, { rejectUnauthorized: false, signal: AbortSignal.timeout(FETCH_LIMIT_MS) }, response => {
      if (response.statusCode !== 200) {
        response.resume()
        return fail(new Error(`it answered ${response.statusCode}`))
      }
      text(response).then(resolve, fail)
    })
    request.on('error', fail)
  })
}
