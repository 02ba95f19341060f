import { createHash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { Clock, ObjectStore } from '../ports'
import { meter } from './meter'
import { isObjectKey, requireObjectKey } from './object-key'
import { copyObject } from './s3-copy'
import { asS3Error, isMissingObject } from './s3-error'
import { createS3Client, describePlace } from './s3-place'
import type { S3Patience, S3Place } from './s3-place'
import { beginReading, readOn } from './s3-read'

/** Not a possible key, so that it can never be read or removed as an object. */
const STAGING = '.staging/'

export interface S3StoreOptions {
  place: S3Place
  clock: Pick<Clock, 'now'>
  patience?: S3Patience
  /** Objects above this are copied in parts. */
  copyPartBytes?: number
}

/** What a bucket needs beside what every object store does. */
export interface S3Store extends ObjectStore {
  /** Removes what uploads of a brain that died left behind; those of this one are left alone. */
  tidy(): Promise<void>
  close(): void
}

/**
 * The object store in a bucket of any S3 API. An upload goes in parts to a name of its own, is copied to its key inside
 * the store when that is known, and is then read back: an object counts as stored when its size and sha256 were found to
 * be right, and nothing relies on conditional writes, which many stores do not honour.
 *
 * Every method throws STORE_UNAVAILABLE or STORE_REFUSED when the bucket does not do what it should.
 */
export function openS3Store(options: S3StoreOptions): S3Store {
  const { place, clock, patience = POLICY.store, copyPartBytes = POLICY.store.copyPartBytes } = options
  const Bucket = place.bucket
  const client = createS3Client(place, patience)
  const worker = createS3Client(place, { ...patience, idleMs: patience.workMs })
  const signer = createS3Client(place, patience, place.publicEndpoint ?? place.endpoint)
  const staging = `${place.prefix}${STAGING}`
  const ownStaging = `${staging}${randomUUID()}/`
  const nameOf = (key: string) => place.prefix + requireObjectKey(key)

  async function upload(name: string, source: AsyncIterable<Uint8Array>): Promise<void> {
    const Body = Readable.from(source, { objectMode: false })
    try {
      await new Upload({
        client: worker,
        params: { Bucket, Key: name, Body },
        partSize: POLICY.store.partBytes,
        queueSize: POLICY.store.partsAtOnce,
      }).done()
    } finally {
      Body.destroy()
    }
  }

  async function sizeOf(name: string): Promise<number | undefined> {
    try {
      return (await client.send(new HeadObjectCommand({ Bucket, Key: name }))).ContentLength ?? 0
    } catch (error) {
      if (isMissingObject(error)) return undefined
      throw error
    }
  }

  async function holds(name: string, wanted: { sha256: string; sizeBytes: number }): Promise<boolean> {
    if ((await sizeOf(name)) !== wanted.sizeBytes) return false
    const request = { bucket: Bucket, key: name, start: 0, end: undefined }
    const hash = createHash('sha256')
    for await (const chunk of readOn(client, request, await beginReading(client, request), patience.attempts))
      hash.update(chunk)
    return hash.digest('hex') === wanted.sha256
  }

  const removeName = (name: string) => client.send(new DeleteObjectCommand({ Bucket, Key: name }))

  /** From its own name to its key, unless the right bytes are there already; then proof that it arrived. */
  async function settle(staged: string, name: string, written: { sha256: string; sizeBytes: number }): Promise<void> {
    if (await holds(name, written)) return
    await copyObject(worker, {
      bucket: Bucket,
      from: staged,
      to: name,
      sizeBytes: written.sizeBytes,
      partBytes: copyPartBytes,
    })
    if (await holds(name, written)) return
    await removeName(name)
    throw new AppError(
      'STORE_CORRUPT',
      `Read back from ${describePlace(place)}, the upload had other bytes than were sent. Nothing was kept. Try again; if it stays so, test the bucket in the settings and look into the store.`,
    )
  }

  return {
    driver: 's3',

    async putStream(source, finish) {
      const staged = ownStaging + randomUUID()
      const metered = meter(source)
      try {
        await upload(staged, metered.bytes).catch(async (error: unknown) => {
          const fault = metered.failure() ?? asS3Error(error, place)
          // A store that was done, but whose answer was lost, refuses the second try: what is there counts.
          const found = metered.isWhole() ? await sizeOf(staged).catch(() => undefined) : undefined
          if (found === undefined || found !== metered.written().sizeBytes) throw fault
        })
        const written = metered.written()
        const { key } = await finish(written)
        const name = nameOf(key)
        await settle(staged, name, written).catch((error: unknown) => {
          throw asS3Error(error, place)
        })
        return { key, ...written }
      } finally {
        // What cannot be removed now is removed at the next start.
        await removeName(staged).catch(() => undefined)
      }
    },

    async get(key, range) {
      const request = { bucket: Bucket, key: nameOf(key), start: range?.start ?? 0, end: range?.end }
      const first = await beginReading(client, request).catch((error: unknown) => {
        throw asS3Error(error, place, key)
      })
      const bytes = readOn(client, request, first, patience.attempts)
      return Readable.from(inWords(bytes, place), { objectMode: false })
    },

    async stat(key) {
      if (!isObjectKey(key)) return undefined
      const sizeBytes = await sizeOf(nameOf(key)).catch((error: unknown) => {
        throw asS3Error(error, place)
      })
      return sizeBytes === undefined ? undefined : { sizeBytes }
    },

    async remove(key) {
      if (!isObjectKey(key)) return
      await removeName(nameOf(key)).catch((error: unknown) => {
        if (!isMissingObject(error)) throw asS3Error(error, place)
      })
    },

    async *list(prefix) {
      try {
        for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix: place.prefix + prefix })) {
          for (const { Key = '', Size = 0 } of page.Contents ?? []) {
            const key = Key.slice(place.prefix.length)
            if (isObjectKey(key)) yield { key, sizeBytes: Size }
          }
        }
      } catch (error) {
        throw asS3Error(error, place)
      }
    },

    async signedUrl(key, { expiresInMs, fileName }) {
      const command = new GetObjectCommand({
        Bucket,
        Key: nameOf(key),
        ...(fileName !== undefined && {
          ResponseContentDisposition: `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}`,
        }),
      })
      return getSignedUrl(signer, command, {
        expiresIn: Math.floor(expiresInMs / 1_000),
        signingDate: new Date(clock.now()),
      })
    },

    async tidy() {
      try {
        for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix: staging })) {
          for (const { Key = '' } of page.Contents ?? []) if (!Key.startsWith(ownStaging)) await removeName(Key)
        }
        const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: staging }))
        for (const { Key, UploadId } of Uploads) {
          if (Key?.startsWith(ownStaging)) continue
          await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
        }
      } catch (error) {
        throw asS3Error(error, place)
      }
    },

    close() {
      client.destroy()
      worker.destroy()
      signer.destroy()
    },
  }
}

async function* inWords(bytes: AsyncIterable<Uint8Array>, place: S3Place): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes
  } catch (error) {
    throw asS3Error(error, place)
  }
}
