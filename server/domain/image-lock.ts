import type { Observation } from '../../shared/protocol/agent'
import { eventOf } from './instance-change'
import type { InstanceChange } from './instance-change'
import type { ImageLock, InstanceRecord } from './instance-record'

/** What a node is told to run: the locked bytes while the layers name the same image, and whether its registry is to be asked anew. */
export function imageToRun(name: string, lock: ImageLock | null): { image: string; freshImage?: true } {
  if (lock?.name !== name) return { image: name }
  return lock.reference === null ? { image: name, freshImage: true } : { image: lock.reference }
}

/** The lock that follows from an observation; null when it says nothing new. */
export function lockImage(record: InstanceRecord, { image, generation }: Observation): InstanceChange | null {
  const lock = record.imageLock
  // A node that was told the locked bytes says them back; an answer to an older wish is none to this one.
  if (!image || image.name === lock?.reference || (lock?.name === image.name && lock.reference === image.reference))
    return null
  if (lock && generation < lock.generation) return null
  const message = `The image ${image.name} is locked as ${image.reference} until somebody asks for a newer one.`
  return {
    change: { imageLock: { ...image, generation } },
    events: [eventOf(record, { kind: 'note', generation, cause: 'image.locked', message })],
  }
}
