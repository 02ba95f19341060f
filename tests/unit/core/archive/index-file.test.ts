import { describe, expect, it } from 'vitest'
import { decodeIndex, encodeIndex } from '../../../../core/archive/index-file'
import { stackLayer } from '../../../factories/stack'

const { index } = stackLayer({ 'a/b.yml': '${MOTD}', link: '-> a', empty: null }, { type: 'map', remove: ['x'] })

describe('the index as a file', () => {
  it('comes back as it was', async () => {
    expect(await decodeIndex(await encodeIndex(index))).toEqual(index)
  })

  it('is refused whenever a byte of it is gone or changed', async () => {
    const bytes = await encodeIndex(index)
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0x10
      await expect(decodeIndex(bytes.subarray(0, at))).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
      const outcome = await decodeIndex(changed).catch((error: unknown) => error)
      if (!(outcome instanceof Error)) expect(outcome).toEqual(index)
    }
  })

  it('is refused when it is something else', async () => {
    await expect(decodeIndex(Buffer.from('{}'))).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
    await expect(decodeIndex(Buffer.alloc(0))).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
  })
})
