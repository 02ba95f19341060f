import type { Reach } from '../../shared/domain/permissions'
import type { Operation, OperationFilter } from '../../shared/schemas/operation'

/** One piece of long work as the brain stores it. */
export type OperationRecord = Operation

export interface OperationStore {
  /** CONFLICT, naming it, while another operation of the same subject is active: that is the lock. */
  create(record: OperationRecord): Promise<void>
  /** The record afterwards; undefined, and nothing written, when it has ended already. */
  update(
    id: string,
    change: Partial<Pick<OperationRecord, 'progress' | 'state' | 'cancelledBy' | 'result' | 'error' | 'endedAt'>>,
  ): Promise<OperationRecord | undefined>
  find(id: string): Promise<OperationRecord | undefined>
  /** The last one of this kind that ended well for the subject. */
  findDone(kind: string, subject: { kind: string; id: string }): Promise<OperationRecord | undefined>
  /** Newest first. */
  list(filter: OperationFilter & { reach?: Reach }): Promise<{ items: OperationRecord[]; nextCursor: string | null }>
  /** Running or cancelling, oldest first. */
  active(): Promise<OperationRecord[]>
  /**
   * Forgets those that ended before; how many. Those of the brain itself stay: they are the mark that something was
   * done once.
   */
  removeEnded(before: number): Promise<number>
}
