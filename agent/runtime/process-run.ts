import { readFile, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { processIdentity, readBootId } from '../process-identity'
import type { DiskReserve } from '../disk-reserve'
import { writeFileAtomically } from '../write-file'
import type { ExitInfo } from './container-runtime'
import { signalOfCode } from './docker-status'

/** `run.json`: what is known of a run, also to the next agent. */
const processRun = z.object({
  instanceId: z.string(),
  runId: z.string(),
  generation: z.int(),
  planHash: z.string(),
  directory: z.string(),
  identity: processIdentity.nullable(),
  startedAt: z.int().nullable(),
})
export type ProcessRun = z.output<typeof processRun>

/** The folders of runs without a container, one per instance: `run.json`, `input`, `output`, `exit`. */
export class ProcessRunFolders {
  readonly root: string
  private readonly reserve: DiskReserve | undefined

  /** @param reserve makes room for the small writes without which a run could not be found again */
  constructor(root: string, reserve?: DiskReserve) {
    this.root = root
    this.reserve = reserve
  }

  of(instanceId: string): string {
    return join(this.root, instanceId)
  }

  instanceIds(): Promise<string[]> {
    return readdir(this.root)
  }

  async read(instanceId: string): Promise<ProcessRun | null> {
    const text = await readFile(join(this.of(instanceId), 'run.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    return text === null ? null : processRun.parse(JSON.parse(text))
  }

  write(run: ProcessRun): Promise<void> {
    const write = () => writeFileAtomically(join(this.of(run.instanceId), 'run.json'), JSON.stringify(run))
    return this.reserve ? this.reserve.write(write) : write()
  }

  remove(instanceId: string): Promise<void> {
    return rm(this.of(instanceId), { recursive: true, force: true })
  }

  /** How a run ended that is known to have ended. */
  async exitOf(run: ProcessRun): Promise<ExitInfo> {
    const path = join(this.of(run.instanceId), 'exit')
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    const written = /^(\d+)\n$/.exec(text)
    if (written)
      return {
        code: Number(written[1]),
        signal: signalOfCode(Number(written[1])),
        outOfMemory: false,
        at: Math.round(mtimeMs),
      }
    // Only SIGKILL ends the shell before it writes; after a restart of the machine nothing is known.
    const isSameBoot = readBootId() === run.identity?.bootId
    return { code: isSameBoot ? 137 : null, signal: isSameBoot ? 'SIGKILL' : null, outOfMemory: false, at: Date.now() }
  }
}
