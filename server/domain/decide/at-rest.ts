import type { InstanceRecord } from '../instance-record'

type RestSubject = Pick<InstanceRecord, 'state' | 'desired' | 'startGeneration' | 'appliedGeneration'>

/**
 * True when `decide` finds nothing to do for this record, whatever the node and the clock say. The sweep passes
 * over such instances; a wish, an observation or a report that changes them wakes them by itself.
 */
export function isAtRest(record: RestSubject): boolean {
  const isCurrent = (record.appliedGeneration ?? 0) >= record.startGeneration
  switch (record.state) {
    case 'DESTROYED':
      return true
    case 'FAILED':
      return record.desired !== 'destroyed' && isCurrent
    case 'PREPARED':
    case 'STOPPED':
      return record.desired === 'stopped'
    case 'RUNNING':
      return record.desired === 'running' && isCurrent
    default:
      return false
  }
}
