import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { POLICY } from '../../shared/domain/policy'
import { ConsoleRing } from './console-ring'
import type { OutputLine } from './container-runtime'
import { FloodGate } from './flood-gate'
import type { NumberedLine } from './flood-gate'

/** What one run writes: numbered, cut where it floods, kept on disk. */
export class RunConsole {
  readonly runId: string
  private readonly ring: ConsoleRing
  private readonly gate: FloodGate

  constructor(runId: string, ring: ConsoleRing) {
    this.runId = runId
    this.ring = ring
    this.gate = new FloodGate((ring.last()?.number ?? -1) + 1)
  }

  /** Where to go on reading the run's output; null: at its beginning. */
  position(): string | null {
    return this.ring.last()?.position ?? null
  }

  /** On disk when this resolves. Returns what was kept, numbered. */
  async write(lines: readonly OutputLine[]): Promise<NumberedLine[]> {
    return this.keep(this.gate.pass(lines))
  }

  /** Called when nothing came for a while, or will come: a flood that was cut is told of. */
  async settle(): Promise<NumberedLine[]> {
    return this.keep(this.gate.settle())
  }

  read(count: number, limitBytes: number = POLICY.channel.boundedAnswerBytes) {
    return this.ring.read(count, limitBytes)
  }

  private async keep(lines: NumberedLine[]): Promise<NumberedLine[]> {
    await this.ring.append(lines)
    return lines
  }
}

/** The consoles of all instances, `console/<instance>/<run>/`. Run ids sort by time. */
export class Consoles {
  private readonly root: string
  /** By instance: the console that is being written to. */
  private readonly current = new Map<string, RunConsole>()

  constructor(dataDir: string) {
    this.root = join(dataDir, 'console')
  }

  /** The console of a run, its earlier lines included; the oldest runs beyond the five that are kept go. */
  async open(instanceId: string, runId: string): Promise<RunConsole> {
    const known = this.current.get(instanceId)
    if (known?.runId === runId) return known
    const opened = new RunConsole(runId, await ConsoleRing.open(join(this.root, instanceId, runId)))
    this.current.set(instanceId, opened)
    for (const old of (await this.runs(instanceId)).slice(0, -POLICY.console.keptRuns))
      await rm(join(this.root, instanceId, old), { recursive: true, force: true })
    return opened
  }

  /** A console to read from, of a run or of the newest one; null when there is none. */
  async find(instanceId: string, runId?: string): Promise<RunConsole | null> {
    const runs = await this.runs(instanceId)
    const wanted = runId === undefined ? runs.at(-1) : runs.find(run => run === runId)
    if (wanted === undefined) return null
    const known = this.current.get(instanceId)
    return known?.runId === wanted
      ? known
      : new RunConsole(wanted, await ConsoleRing.open(join(this.root, instanceId, wanted)))
  }

  async remove(instanceId: string): Promise<void> {
    this.current.delete(instanceId)
    await rm(join(this.root, instanceId), { recursive: true, force: true })
  }

  private async runs(instanceId: string): Promise<string[]> {
    const names = await readdir(join(this.root, instanceId)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    return names.sort()
  }
}
