import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto'
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { TlsFault } from './tls-fault'

const pem = z.string().startsWith('-----BEGIN CERTIFICATE-----')

/** Enough for every way into a brain. */
export const MOST_NAMES = 64

const content = z.strictObject({
  current: z.strictObject({ certificate: pem, key: z.string().startsWith('-----BEGIN PRIVATE KEY-----') }),
  /** By which nodes found the brain though it did not know them itself: for its own certificate. */
  names: z.array(z.string()).max(MOST_NAMES),
  /** Newest first. `successor` is the root that came after it, signed by this one. Their keys are gone. */
  previous: z.array(z.strictObject({ certificate: pem, successor: pem })),
})
/** Strata's own authority as it is kept: one file, so that it is always whole. */
export type AuthorityContent = z.output<typeof content>

const WITHOUT_BACKUP =
  'Without one, remove it and start once with STRATA_NEW_AUTHORITY=on: nodes that came by certificate must then be let in again (docs/operations.md, "When the authority is lost").'

/**
 * A file that is gone while nodes have certificates was lost: a new authority, made without a word, would know none of them.
 * Throws TlsFault.
 */
export async function refuseLostAuthority(file: string, certifiedNodes: () => Promise<number>): Promise<void> {
  if (existsSync(file)) return
  const nodes = await certifiedNodes()
  if (nodes === 0) return
  throw new TlsFault(
    `The file ${file} is gone: it holds Strata's own authority, by which ${nodes === 1 ? 'a node has its certificate' : `${nodes} nodes have their certificates`}. Put it back from a backup. ${WITHOUT_BACKUP}`,
  )
}

/** undefined when there is none yet. Throws TlsFault for a file that cannot be used: a new authority in its place would lock every node out. */
export function readAuthority(file: string): AuthorityContent | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new TlsFault(`The file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    })
  }
  try {
    const read = content.parse(JSON.parse(text))
    const certificate = new X509Certificate(read.current.certificate)
    if (!certificate.checkPrivateKey(createPrivateKey(read.current.key))) throw new Error('key and certificate differ')
    chmodSync(file, 0o600)
    return read
  } catch (cause) {
    throw new TlsFault(
      `The file ${file} is damaged: it must hold the certificate and the key of Strata's own authority. Put it back from a backup. ${WITHOUT_BACKUP}`,
      { cause },
    )
  }
}

/** Old bytes or new ones, whole, after any crash. */
export function writeAuthority(file: string, authority: AuthorityContent): void {
  const draft = `${file}.${randomUUID()}.new`
  const handle = openSync(draft, 'wx', 0o600)
  try {
    writeFileSync(handle, `${JSON.stringify(authority, null, 2)}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(draft, file)
}
