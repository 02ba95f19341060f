import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PrepareOptions, Prepared, Preparer } from '../../agent/prepare/port'
import type { InstanceSpec } from '../../shared/protocol/agent'

/** A preparer without layers: every stack is one directory with one file, kept from one prepare to the next. */
export class PlainPreparer implements Preparer {
  readonly calls: string[] = []
  /** Thrown by the next prepare. */
  failure: Error | null = null
  /** The next prepares wait for it, or for their abort. */
  gate: Promise<void> = Promise.resolve()
  private readonly root: string

  constructor(dataDir: string) {
    this.root = join(dataDir, 'stacks')
  }

  async overlayObstacle(): Promise<string | null> {
    return 'This preparer has only directories.'
  }

  async prepare(spec: InstanceSpec, generation: number, { signal, onProgress }: PrepareOptions): Promise<Prepared> {
    this.calls.push(`prepare ${spec.id} ${generation}`)
    onProgress({ step: 'fetch', doneBytes: 1, totalBytes: 2 })
    await Promise.race([
      this.gate,
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    ])
    signal.throwIfAborted()
    const { failure } = this
    this.failure = null
    if (failure) throw failure
    const path = join(this.root, spec.id)
    mkdirSync(path, { recursive: true })
    writeFileSync(join(path, 'hello.txt'), `${spec.variables.GREETING ?? 'hello'}\n`)
    if (process.getuid?.() === 0) chownSync(path, 1000, 1000)
    return { planHash: 'a'.repeat(16), layout: 'copy', mount: { kind: 'directory', path }, notices: [] }
  }

  async release(instanceId: string): Promise<void> {
    this.calls.push(`release ${instanceId}`)
  }

  async discard(instanceId: string): Promise<void> {
    this.calls.push(`discard ${instanceId}`)
    rmSync(join(this.root, instanceId), { recursive: true, force: true })
  }

  ownFiles(instanceId: string) {
    return { root: join(this.root, instanceId), baselineFile: null }
  }

  async reconcile(): Promise<{ unknown: string[] }> {
    return { unknown: [] }
  }
}
