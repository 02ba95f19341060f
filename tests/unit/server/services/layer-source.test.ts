import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { layerKey } from '../../../../server/domain/object-keys'
import { file, tar } from '../../../factories/tar'
import { openTestLibrary } from '../../../support/library'

let library: Awaited<ReturnType<typeof openTestLibrary>>
const one = tar(file('strata.yaml', 'description: first\n'), file('a', '1'))
const two = tar(file('a', '2'))
beforeEach(async () => {
  library = await openTestLibrary()
  await library.publish('spawn@1', one)
  await library.publish('spawn@2', two, 'beta')
  await library.publish('untagged@1', two, 'beta')
})
afterEach(() => library.close())

describe('lock', () => {
  it('resolves versions, tags and nothing said, in order', async () => {
    const locked = await library.layers.lock([
      { template: 'spawn', tag: 'beta' },
      { template: 'spawn' },
      { template: 'spawn', version: '2' },
    ])
    expect(locked.map(({ version }) => version)).toEqual(['2', '1', '2'])
    const { sha256 } = (await library.service.get('spawn')).newest
    expect(locked[0]).toEqual({ template: 'spawn', version: '2', type: 'map', sha256 })
  })

  it('names every layer that does not exist, with its position and what there is', async () => {
    const asked = [
      { template: 'spawn' },
      { template: 'nothing' },
      { template: 'spawn', version: '9' },
      { template: 'spawn', tag: 'x' },
      { template: 'untagged' },
    ]
    await expect(library.layers.lock(asked)).rejects.toMatchObject({
      code: 'UNKNOWN_LAYER',
      issues: [
        { path: 'layers[1]', message: 'there is no template "nothing"' },
        { path: 'layers[2]', message: '"spawn" has no version "9"; the newest is "2"' },
        { path: 'layers[3]', message: '"spawn" has no tag "x"; it has "beta", "latest"' },
        { path: 'layers[4]', message: '"untagged" has no tag "latest"; it has "beta"' },
      ],
    })
  })
})

describe('what locked layers hold', () => {
  it('is given in order: manifests with sizes, and indexes', async () => {
    const locked = await library.layers.lock([
      { template: 'spawn', version: '2' },
      { template: 'spawn', version: '1' },
    ])
    expect(await library.layers.manifests(locked)).toEqual([
      { layer: locked[0], sizeBytes: two.length, manifest: {} },
      { layer: locked[1], sizeBytes: one.length, manifest: { description: 'first' } },
    ])
    const loaded = await library.layers.load(locked)
    expect(loaded.map(({ sizeBytes, index }) => [sizeBytes, index.entries.length])).toEqual([
      [two.length, 1],
      [one.length, 1],
    ])
  })

  it('is refused when the version is gone, or came back with other bytes', async () => {
    const locked = await library.layers.lock([{ template: 'spawn', version: '1' }])
    await library.service.remove('spawn', '1')
    await expect(library.layers.manifests(locked)).rejects.toMatchObject({ code: 'UNKNOWN_LAYER' })
    await library.publish('spawn@1', tar(file('other', '')))
    await expect(library.layers.manifests(locked)).rejects.toMatchObject({ code: 'UNKNOWN_LAYER' })
  })
})

describe('signedUrl', () => {
  it('is a path below the brain with the size; NOT_FOUND when the bytes are gone', async () => {
    const [locked] = await library.layers.lock([{ template: 'spawn' }])
    const { url, sizeBytes } = await library.layers.signedUrl(locked!.sha256)
    expect(url).toMatch(/^\/objects\/layers\/[0-9a-f]{2}\/[0-9a-f]{64}\?expires=\d+&signature=[\w-]+$/)
    expect(sizeBytes).toBe(one.length)
    await library.objects.remove(layerKey(locked!.sha256))
    await expect(library.layers.signedUrl(locked!.sha256)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
