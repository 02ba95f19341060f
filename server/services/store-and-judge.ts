import { PassThrough, Readable } from 'node:stream'
import type { Writable } from 'node:stream'
import { readArchive } from '../../core/archive/read-archive'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { LayerIndex } from '../../shared/schemas/layer-index'
import type { ObjectStore } from '../ports'

/**
 * Takes in an archive in one pass and constant memory: the same bytes go to the store's staging and to the judge, at
 * the pace of the slower one. `approve` sees the index once everything came and was found good; it chooses the key, and
 * what it throws is as good a reason to keep nothing as a bad archive or a body that broke off. `body` is destroyed in
 * any case.
 *
 * @throws AppError with a code of the archives; BAD_REQUEST when nothing comes for POLICY.transfer.idleMs; whatever
 *   `body`, `approve` and the store throw.
 */
export async function storeAndJudge<Approved extends { key: string }>(
  objects: Pick<ObjectStore, 'putStream'>,
  body: Readable,
  approve: (index: LayerIndex) => Promise<Approved>,
): Promise<{ index: LayerIndex; approved: Approved }> {
  const judged = new PassThrough()
  // Kept as an outcome: a refusal comes long before anybody asks for the verdict.
  const judging = Promise.allSettled([readArchive(judged)])
  const verdict = async () => {
    const [outcome] = await judging
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  }
  try {
    const toStore = Readable.from(teeInto(judged, verdict, withIdleLimit(body)), { objectMode: false })
    const { promise: approval, resolve: remember } = Promise.withResolvers<Approved>()
    await objects.putStream(toStore, async () => {
      const approved = await approve(await verdict())
      remember(approved)
      return approved
    })
    return { index: await verdict(), approved: await approval }
  } finally {
    body.destroy()
    judged.destroy()
    await judging
  }
}

async function* teeInto(
  judged: Writable,
  verdict: () => Promise<LayerIndex>,
  body: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    const failure = await new Promise<Error | null | undefined>(resolve => judged.write(chunk, resolve))
    if (failure) {
      // The judge closes its stream when it has seen enough; its own words say why.
      await verdict()
      throw failure
    }
    yield chunk
  }
  judged.end()
}

async function* withIdleLimit(body: Readable): AsyncGenerator<Buffer> {
  const giveUp = () => {
    const seconds = POLICY.transfer.idleMs / 1_000
    body.destroy(
      new AppError(
        'BAD_REQUEST',
        `Nothing came for ${seconds} s, so the upload was given up; nothing was kept. Send it again.`,
      ),
    )
  }
  let watchdog = setTimeout(giveUp, POLICY.transfer.idleMs)
  try {
    for await (const chunk of body) {
      // A slow disk on our side is not a silent client: the clock stands while the chunk is worked on.
      clearTimeout(watchdog)
      yield chunk as Buffer
      watchdog = setTimeout(giveUp, POLICY.transfer.idleMs)
    }
  } finally {
    clearTimeout(watchdog)
  }
}
