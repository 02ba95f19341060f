import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { POLICY } from '../../shared/domain/policy'
import { isAppError } from '../../shared/errors'
import type { EnsureImage, RegistryLogin } from './container-runtime'
import type { DockerEngine } from './docker-engine'
import { engineWords, statusOf } from './docker-errors'
import { PullFailed, pullFault } from './docker-pull-errors'
import { registryOf, withTag } from '../../shared/domain/image-names'

/** One line of the answer to `POST /images/create`. */
const pullLine = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  error: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
})

/**
 * Pulls one image. Rejects with PullFailed; with ENGINE_UNAVAILABLE when the engine went away; with the signal's
 * reason when it was aborted, and then the engine pulls no further. A registry that is silent for a minute counts as away.
 */
export async function pullImage(
  engine: DockerEngine,
  name: string,
  login: RegistryLogin | null,
  { onProgress, signal }: Pick<EnsureImage, 'onProgress' | 'signal'>,
): Promise<void> {
  const silence = new AbortController()
  const seconds = POLICY.engine.callMs / 1_000
  const timer = setTimeout(
    () => silence.abort(new PullFailed('away', `no word of the registry for ${seconds} s.`)),
    POLICY.engine.callMs,
  )
  const abortSignal = AbortSignal.any([signal, silence.signal])
  const authconfig = login && { ...login, serveraddress: serverOf(registryOf(name)) }
  try {
    const stream = await engine.docker.createImage(authconfig ?? undefined, { fromImage: withTag(name), abortSignal })
    const layers = new PullLayers()
    for await (const text of createInterface({ input: Readable.from(stream) })) {
      timer.refresh()
      if (!text.trim()) continue
      const line = pullLine.parse(JSON.parse(text))
      if (line.error) throw pullFault(line.error)
      if (layers.note(line)) onProgress(layers.doneBytes(), layers.totalBytes())
    }
  } catch (error) {
    signal.throwIfAborted()
    if (silence.signal.aborted) throw silence.signal.reason
    if (error instanceof PullFailed || isAppError(error)) throw error
    if (statusOf(error) !== undefined) throw pullFault(engineWords(error), error)
    // The connection to the engine itself broke: whether it is away is for a call to say.
    await engine.call('look whether Docker is there', () => engine.docker.ping() as Promise<unknown>)
    throw pullFault(engineWords(error), error)
  } finally {
    clearTimeout(timer)
  }
}

/** What is known of the layers of an image while they come: only those that are fetched count. */
class PullLayers {
  private readonly layers = new Map<string, { current: number; total: number }>()

  /** True when there is something to tell: also while layers are unpacked, which takes time and moves no byte. */
  note({ id, status, progressDetail }: z.output<typeof pullLine>): boolean {
    if (!id) return false
    const known = this.layers.get(id)
    if (status === 'Downloading' && progressDetail?.total)
      this.layers.set(id, { current: progressDetail.current ?? 0, total: progressDetail.total })
    else if (status === 'Download complete' && known) known.current = known.total
    else if (status !== 'Extracting') return false
    return this.layers.size > 0
  }

  doneBytes = () => [...this.layers.values()].reduce((sum, { current }) => sum + current, 0)
  totalBytes = () => [...this.layers.values()].reduce((sum, { total }) => sum + total, 0)
}

/** Docker knows its own registry by an older address. */
function serverOf(registry: string): string {
  return registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry
}
