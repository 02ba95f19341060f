import { randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { POLICY } from '../../shared/domain/policy'
import { AppError, isAppError } from '../../shared/errors'
import { STORE_TEST_STEPS } from '../../shared/schemas/store'
import type { StoreTest } from '../../shared/schemas/store'
import type { ObjectStore } from '../ports'

type StepName = (typeof STORE_TEST_STEPS)[number]

const SMALL_BYTES = 64 * 1024
/** More than one part, so that an upload in parts happens. */
const LARGE_BYTES = POLICY.store.partBytes + 1024 ** 2

/**
 * Does with a store everything that Strata ever does with it, step by step, and says what came of each. After a step that
 * failed only those that need nothing of it follow. What it wrote is removed in any case.
 *
 * @param origin where addresses lead that are paths of the brain
 */
export async function testStore(store: ObjectStore, origin: URL): Promise<StoreTest> {
  const bytes = randomBytes(SMALL_BYTES)
  const small = `test/${randomUUID()}`
  const large = `test/${randomUUID()}`
  const steps: StoreTest['steps'] = []
  let got: Buffer | undefined
  let url: URL | undefined

  const work: Record<StepName, () => Promise<string>> = {
    async put() {
      await store.putStream(Readable.from([bytes]), async () => ({ key: small }))
      return `${SMALL_BYTES} bytes were written.`
    },
    async get() {
      got = await buffer(await store.get(small))
      return `${got.length} bytes were read.`
    },
    async compare() {
      if (!got?.equals(bytes)) throw new Error('What was read is not what was written.')
      return 'What was read is what was written.'
    },
    async multipart() {
      await store.putStream(Readable.from(zeros(LARGE_BYTES)), async () => ({ key: large }))
      const found = await store.stat(large)
      if (found?.sizeBytes !== LARGE_BYTES)
        throw new Error(`Of ${LARGE_BYTES} bytes ${found?.sizeBytes ?? 'none'} arrived.`)
      return `${LARGE_BYTES} bytes were written in parts and found whole.`
    },
    async presign() {
      url = new URL(await store.signedUrl(small, { expiresInMs: 60_000 }), origin)
      const answer = await fetchSigned(url)
      const found = Buffer.from(await answer.arrayBuffer())
      if (answer.status !== 200 || !found.equals(bytes))
        throw new Error(`${url.host} answered ${answer.status} with ${found.length} bytes to a signed address.`)
      return `A signed address of ${url.host} gives the bytes.`
    },
    async range() {
      if (!url) throw new Error('There is no signed address to ask.')
      const answer = await fetchSigned(url, { range: 'bytes=1000-1999' })
      const found = Buffer.from(await answer.arrayBuffer())
      if (answer.status !== 206 || !found.equals(bytes.subarray(1000, 2000)))
        throw new Error(
          `Asked for bytes 1000 to 1999, ${url.host} answered ${answer.status} with ${found.length} bytes. Broken downloads could not go on.`,
        )
      return 'A part of an object can be asked for.'
    },
    async delete() {
      await store.remove(small)
      await store.remove(large)
      if (await store.stat(small)) throw new Error('What was deleted is still there.')
      return 'What was written is gone.'
    },
  }

  /** What a step cannot do without. */
  const needs: Partial<Record<StepName, StepName>> = { get: 'put', compare: 'get', presign: 'put', range: 'presign' }
  const passed = (name: StepName) => steps.some(step => step.name === name && step.outcome === 'passed')

  for (const name of STORE_TEST_STEPS) {
    const needed = needs[name]
    if (needed && !passed(needed)) {
      steps.push({ name, outcome: 'skipped', ms: 0, message: `Not tried, because "${needed}" did not pass.` })
      continue
    }
    const begun = performance.now()
    const [outcome, message] = await work[name]().then(
      text => ['passed', text] as const,
      (error: unknown) => ['failed', wordsOf(error)] as const,
    )
    steps.push({ name, outcome, ms: Math.round(performance.now() - begun), message })
  }
  return { store: store.driver, passed: steps.every(step => step.outcome === 'passed'), steps }
}

async function fetchSigned(url: URL, headers: Record<string, string> = {}): Promise<Response> {
  try {
    return await fetch(url, { headers, signal: AbortSignal.timeout(POLICY.store.idleMs) })
  } catch (error) {
    throw new AppError(
      'STORE_UNAVAILABLE',
      `${url.host} does not answer to the brain. Nodes must reach it; if they do although the brain does not, this is no fault.`,
      { cause: error },
    )
  }
}

function* zeros(bytes: number): Generator<Buffer> {
  const piece = Buffer.alloc(1024 ** 2)
  for (let left = bytes; left > 0; left -= piece.length) yield piece.subarray(0, Math.min(left, piece.length))
}

function wordsOf(error: unknown): string {
  if (isAppError(error)) return error.detail
  return error instanceof Error ? error.message : String(error)
}
