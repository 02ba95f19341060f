import { describe, expect, it } from 'vitest'
import { imageToRun, lockImage } from '../../../../server/domain/image-lock'
import { wishNewImage } from '../../../../server/domain/wishes/update-image'
import { makeObservation, makeRecord } from '../../../factories/instance-record'

const ACTOR = { kind: 'user', id: 'u1', name: 'Ada' } as const
const [OLD, NEW] = ['game@sha256:old', 'game@sha256:new']
const locked = (reference: string | null, generation = 1) => ({ name: 'game:1', reference, generation })

describe('the lock of an image', () => {
  it('is what a node found out first', () => {
    const told = makeObservation({ image: { name: 'game:1', reference: OLD } })
    const change = lockImage(makeRecord(), told)
    expect(change?.change).toEqual({ imageLock: locked(OLD) })
    expect(change?.events[0]?.message).toContain(OLD)
  })

  it('stays when the node says back what it was told, and when it says the same again', () => {
    const record = makeRecord({ imageLock: locked(OLD) })
    expect(lockImage(record, makeObservation({ image: { name: OLD, reference: OLD } }))).toBeNull()
    expect(lockImage(record, makeObservation({ image: { name: 'game:1', reference: OLD } }))).toBeNull()
    expect(lockImage(record, makeObservation())).toBeNull()
  })

  it('is what a node is told to run, until the layers name another image', () => {
    expect(imageToRun('game:1', locked(OLD))).toEqual({ image: OLD })
    expect(imageToRun('game:2', locked(OLD))).toEqual({ image: 'game:2' })
    expect(imageToRun('game:1', null)).toEqual({ image: 'game:1' })
  })

  it('is let go by a wish alone, and not taken up again from what was prepared before', () => {
    const record = makeRecord({ generation: 4, imageLock: locked(OLD) })
    const wish = wishNewImage(record, ACTOR)
    expect(wish?.change).toEqual({ generation: 5, imageLock: locked(null, 5) })
    const waiting = { ...record, ...wish?.change }
    expect(imageToRun('game:1', waiting.imageLock)).toEqual({ image: 'game:1', freshImage: true })
    expect(wishNewImage(waiting, ACTOR)).toBeNull()
    const image = { name: 'game:1', reference: OLD }
    expect(lockImage(waiting, makeObservation({ generation: 4, image }))).toBeNull()
    const news = makeObservation({ generation: 5, image: { name: 'game:1', reference: NEW } })
    expect(lockImage(waiting, news)?.change).toEqual({ imageLock: locked(NEW, 5) })
  })
})
