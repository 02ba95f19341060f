import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createKeyedLock } from '../../../../server/services/keyed-lock'

describe('keyed lock', () => {
  it('lets one in at a time, in the order they came', async () => {
    const lock = createKeyedLock()
    const seen: string[] = []
    const visit = async (name: string) => {
      const release = await lock.acquire('key')
      seen.push(`${name} in`)
      await setImmediate()
      seen.push(`${name} out`)
      release()
    }
    await Promise.all([visit('a'), visit('b'), visit('c')])
    expect(seen).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
  })

  it('does not make other keys wait', async () => {
    const lock = createKeyedLock()
    await lock.acquire('held')
    const release = await lock.acquire('other')
    release()
  })

  it('may be released twice, and then lets only one in', async () => {
    const lock = createKeyedLock()
    const first = await lock.acquire('key')
    const second = lock.acquire('key')
    first()
    await second
    first()
    let third = false
    void lock.acquire('key').then(() => (third = true))
    await setImmediate()
    expect(third).toBe(false)
  })
})
