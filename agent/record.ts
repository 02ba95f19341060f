import { mkdir, readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { exitInfo, instanceSpec, observation, observedState } from '../shared/protocol/agent'
import { layoutKind, runtimeKind } from '../shared/schemas/node'
import { diskError } from './disk-error'
import { createDiskReserve } from './disk-reserve'
import type { DiskReserve } from './disk-reserve'
import { writeFileAtomically } from './write-file'

const stackMount = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('volume'),
    name: z.string(),
    options: z.object({ type: z.literal('overlay'), device: z.literal('overlay'), o: z.string() }),
  }),
  z.object({ kind: z.literal('directory'), path: z.string() }),
])

const notice = z.object({ code: z.string(), message: z.string() })
export type Notice = z.output<typeof notice>

/**
 * What the agent knows and wants of one instance, written down before it is acted on. Holds the spec with secrets in clear, so the
 * file is for the agent alone. Everything the agent does follows from this and from what the runtime tells: an agent that
 * was killed at any moment goes on from here.
 */
export const instanceRecord = z.object({
  format: z.literal(1),
  instanceId: z.string(),
  spec: instanceSpec,
  /** The newest generation of any accepted command; older commands are stale. */
  generation: z.int(),
  /** The generation of `spec`: what is laid out, being laid out, or runs. */
  layoutGeneration: z.int(),
  /** The last accepted commands, to know one that is delivered twice. */
  commandIds: z.array(z.string()),
  wanted: z.enum(['prepared', 'running', 'stopped', 'destroyed']),
  /** The stop is a kill: no grace. */
  stopNow: z.boolean(),
  prepareDue: z.boolean(),
  /** Runtime and layout: chosen anew at each prepare until one was proven, then kept, because own files lie in it. */
  home: z.object({ runtime: runtimeKind, layout: layoutKind, isProven: z.boolean() }).nullable(),
  prepared: z
    .object({
      planHash: z.string(),
      mount: stackMount,
      /** What names the bytes of the image; records of older agents do not say. */
      image: z.string().nullish(),
      notices: z.array(notice),
    })
    .nullable(),
  /** The container that proved the mount; it is the next run's when that starts in time. */
  proof: z.object({ runId: z.string(), until: z.int() }).nullable(),
  state: observedState,
  cause: z.string(),
  actor: observation.shape.actor,
  reason: notice.nullable(),
  takenPort: observation.shape.takenPort,
  /** Of the living run, or of the last one. */
  runId: z.string().nullable(),
  /** Set from before a run's container is created until its end was read. */
  run: z
    .object({
      phase: z.enum(['creating', 'started']),
      startedAt: z.int().nullable(),
      readyAt: z.int().nullable(),
      bootId: z.string(),
      /** The engine was away during this run: an end found afterwards is its doing. */
      sawOutage: z.boolean(),
    })
    .nullable(),
  stop: z.object({ askedAt: z.int(), step: z.enum(['asked', 'signalled', 'killed']) }).nullable(),
  /** Crashes since the last healthy time. */
  crashes: z.int(),
  restartAt: z.int().nullable(),
  /** To be given back: the container of the run that ended, or with it the volume and the hold on layers. */
  cleanupDue: z.enum(['none', 'run', 'all']),
  exit: exitInfo.nullable(),
  lastLines: z.array(z.string()),
  seq: z.int(),
})
export type InstanceRecord = z.output<typeof instanceRecord>

/** The records of a node, a file per instance in `instances/`. */
export class RecordStore {
  private readonly folder: string
  private readonly reserve: DiskReserve
  private readonly writing = new Map<string, Promise<void>>()

  /** @param reserve one for all that write in the folder: who gives it away must know that it is gone */
  constructor(dataDir: string, reserve: DiskReserve = createDiskReserve(dataDir)) {
    this.folder = join(dataDir, 'instances')
    this.reserve = reserve
  }

  /** All records. A file that cannot be read is left where it is and told of: its instance is then unknown, not gone. */
  async load(): Promise<{ records: InstanceRecord[]; broken: { file: string; error: unknown }[] }> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    const records: InstanceRecord[] = []
    const broken: { file: string; error: unknown }[] = []
    for (const name of await readdir(this.folder)) {
      const file = join(this.folder, name)
      if (!name.endsWith('.json')) continue
      try {
        records.push(instanceRecord.parse(JSON.parse(await readFile(file, 'utf8'))))
      } catch (error) {
        broken.push({ file, error })
      }
    }
    return { records, broken }
  }

  /** Removes what a crash left of writes that were cut off. For the holder of the data folder alone: another's write may be under way. */
  async sweep(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.folder))
      if (!name.endsWith('.json')) await rm(join(this.folder, name), { force: true })
  }

  /** On disk when this resolves, as the record is at the moment of the call; writes of one instance keep their order. */
  async save(record: InstanceRecord): Promise<void> {
    const json = JSON.stringify(record)
    const write = () => writeFileAtomically(this.path(record.instanceId), json)
    await this.inOrder(record.instanceId, () => this.reserve.write(write)).catch((error: unknown) => {
      throw diskError(error, `writing down what is wanted of server ${record.instanceId}`)
    })
  }

  async remove(instanceId: string): Promise<void> {
    await this.inOrder(instanceId, () => rm(this.path(instanceId), { force: true }))
    this.writing.delete(instanceId)
  }

  private inOrder(instanceId: string, act: () => Promise<void>): Promise<void> {
    const before = this.writing.get(instanceId) ?? Promise.resolve()
    const mine = before.then(act, act)
    this.writing.set(instanceId, mine)
    return mine
  }

  private path(instanceId: string): string {
    return join(this.folder, `${instanceId}.json`)
  }
}
