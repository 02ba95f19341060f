import { AppError } from '../../shared/errors'
import type { InstanceEvent } from '../../shared/schemas/event'
import type { InstanceChange } from '../domain/instance-change'
import type {
  Clock,
  Committed,
  InstancePresenter,
  InstanceRecord,
  InstanceStore,
  NewInstanceEvent,
  PanelBus,
} from '../ports'
import { createKeyedLock } from './keyed-lock'

/** What a change is made from; `null` when nothing is to be changed. */
export type MakeChange = (record: InstanceRecord) => InstanceChange | null | Promise<InstanceChange | null>

/** The one door through which instances change: one change at a time for each, told to pages after its commit. */
export interface InstanceWriter {
  create(record: InstanceRecord, events: NewInstanceEvent[]): Promise<InstanceRecord>
  /**
   * Reads the instance, asks what to change and commits it, while no other change of it is made. Resolves to the
   * record as it is then. NOT_FOUND for an unknown one; REVISION_CONFLICT when it is not at `expectedRevision`.
   */
  change(id: string, make: MakeChange, expectedRevision?: number): Promise<InstanceRecord>
}

export interface InstanceWriterDeps {
  instances: Pick<InstanceStore, 'create' | 'find' | 'commit'>
  presenter: InstancePresenter
  panel: Pick<PanelBus, 'publish'>
  clock: Pick<Clock, 'now'>
  /** Called after every commit, before the caller goes on. */
  onCommitted: (before: InstanceRecord | null, after: InstanceRecord, events: readonly InstanceEvent[]) => void
}

export function createInstanceWriter(deps: InstanceWriterDeps): InstanceWriter {
  const { instances, presenter, panel, clock, onCommitted } = deps
  const lanes = createKeyedLock()

  async function tell(before: InstanceRecord | null, { record, events }: Committed): Promise<InstanceRecord> {
    onCommitted(before, record, events)
    for (const event of events) panel.publish('instance.event', event, 'instance.read')
    panel.publish('instance.changed', await presenter.present(record), 'instance.read')
    return record
  }

  return {
    async create(record, events) {
      return tell(null, await instances.create(record, events))
    },

    async change(id, make, expectedRevision) {
      const leave = await lanes.acquire(id)
      try {
        const record = await instances.find(id)
        if (!record) throw new AppError('NOT_FOUND', `There is no server with the id ${id}.`)
        if (expectedRevision !== undefined && record.revision !== expectedRevision)
          throw changedMeanwhile(record, expectedRevision)
        const made = await make(record)
        if (!made) return record
        const change = { ...made.change, updatedAt: clock.now() }
        return await tell(
          record,
          await instances.commit({ id, expectedRevision: record.revision, change, events: made.events }),
        )
      } finally {
        leave()
      }
    },
  }
}

function changedMeanwhile(record: InstanceRecord, expected: number): AppError {
  return new AppError(
    'REVISION_CONFLICT',
    `"${record.name}" is at revision ${record.revision}, not ${expected}: somebody changed it meanwhile. Read it again, then repeat your change.`,
  )
}
