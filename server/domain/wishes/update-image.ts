import { eventOf } from '../instance-change'
import { refuseDestroyed } from './lifecycle'
import type { Wish } from './lifecycle'

/** Take what the image's name means at the next start. Nothing is locked yet, or that is wanted already: nothing changes. */
export const wishNewImage: Wish = (record, actor) => {
  refuseDestroyed(record)
  const lock = record.imageLock
  if (!lock || lock.reference === null) return null
  const generation = record.generation + 1
  return {
    change: { generation, imageLock: { name: lock.name, reference: null, generation } },
    events: [
      eventOf(record, {
        kind: 'wish',
        generation,
        actor,
        cause: 'image.update-requested',
        message: `A new image requested: the next start takes what ${lock.name} is then.`,
      }),
    ],
  }
}
