import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createIndexLibrary } from '../../../../server/services/index-library'
import { indexKey, layerKey } from '../../../../server/domain/object-keys'
import type { ObjectStore } from '../../../../server/ports'
import { file, tar } from '../../../factories/tar'
import { openTestLibrary } from '../../../support/library'

let library: Awaited<ReturnType<typeof openTestLibrary>>
afterEach(() => library.close())

/** A store that counts how often each object is read. */
function counting(objects: ObjectStore) {
  const reads: string[] = []
  return {
    reads,
    objects: { ...objects, get: (key: string) => (reads.push(key.split('/')[0] ?? ''), objects.get(key)) },
  }
}

async function publishOne(text: string) {
  return (await library.publish(`t-${text}@1`, tar(file(`${text}.txt`, text)))).version.sha256
}

describe('index library', () => {
  it('reads an index once, however many ask at once', async () => {
    library = await openTestLibrary()
    const sha256 = await publishOne('a')
    const { reads, objects } = counting(library.objects)
    const indexes = createIndexLibrary(objects)
    const [first, second] = await Promise.all([indexes.read(sha256), indexes.read(sha256)])
    expect(first).toBe(second)
    expect(await indexes.read(sha256)).toBe(first)
    expect(first.entries).toMatchObject([{ path: 'a.txt' }])
    expect(reads).toEqual(['indexes'])
  })

  it.each([
    ['is missing', async (root: string, sha256: string) => library.objects.remove(indexKey(sha256))],
    ['is damaged', async (root: string, sha256: string) => writeFile(join(root, indexKey(sha256)), 'damaged')],
  ])('makes an index that %s again from the archive, and keeps it', async (_, damage) => {
    library = await openTestLibrary()
    const sha256 = await publishOne('a')
    await damage(library.root, sha256)
    expect((await createIndexLibrary(library.objects).read(sha256)).entries).toMatchObject([{ path: 'a.txt' }])
    const { reads, objects } = counting(library.objects)
    await createIndexLibrary(objects).read(sha256)
    expect(reads).toEqual(['indexes'])
  })

  it('says when the archive is gone as well, and does not remember that', async () => {
    library = await openTestLibrary()
    const archive = tar(file('a.txt', 'a'))
    const { version } = await library.publish('t@1', archive)
    const indexes = createIndexLibrary(library.objects)
    await library.objects.remove(indexKey(version.sha256))
    await library.objects.remove(layerKey(version.sha256))
    await expect(indexes.read(version.sha256)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await library.publish('t@1', archive)
    expect((await indexes.read(version.sha256)).sizeBytes).toBe(archive.length)
  })

  it('lets the one used longest ago go when the limit is reached', async () => {
    library = await openTestLibrary()
    const [a, b, c] = [await publishOne('a'), await publishOne('b'), await publishOne('c')]
    const { reads, objects } = counting(library.objects)
    // An empty index is estimated at 256 KiB: two fit.
    const indexes = createIndexLibrary(objects, 600 * 1024)
    for (const sha256 of [a, b, a, c]) await indexes.read(sha256)
    expect(reads).toHaveLength(3)
    await indexes.read(a)
    expect(reads).toHaveLength(3)
    await indexes.read(b)
    expect(reads).toHaveLength(4)
  })
})
