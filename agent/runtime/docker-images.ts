import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { DockerEngine } from './docker-engine'
import { engineWords, statusOf } from './docker-errors'

/** One line of the answer to `POST /images/create`. */
const pullLine = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  error: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
})

interface PullOptions {
  onProgress: (doneBytes: number, totalBytes: number | null) => void
  signal: AbortSignal
}

/**
 * The image is on the node afterwards: it was, or it was pulled. IMAGE_MISSING tells both places and what the registry's
 * side said; a registry that is silent for a minute counts as not there.
 */
export async function ensureImage(engine: DockerEngine, image: string, options: PullOptions): Promise<void> {
  if (await hasImage(engine, image)) return
  try {
    await pull(engine, withTag(image), options)
  } catch (error) {
    options.signal.throwIfAborted()
    if (error instanceof AppError && error.code === 'ENGINE_UNAVAILABLE') throw error
    const words = error instanceof AppError ? error.detail : engineWords(error)
    throw new AppError(
      'IMAGE_MISSING',
      `The image ${image} is not on this node, and it could not be pulled: ${words} Check its name, or bring it to the node with docker load or docker build.`,
      { cause: error },
    )
  }
}

async function hasImage(engine: DockerEngine, image: string): Promise<boolean> {
  try {
    await engine.call(`look for the image ${image}`, () => engine.docker.getImage(image).inspect(), [404])
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    throw error
  }
}

async function pull(engine: DockerEngine, image: string, { onProgress, signal }: PullOptions): Promise<void> {
  const silence = new AbortController()
  const timer = setTimeout(
    () => silence.abort(new Error(`no word of the registry for ${POLICY.engine.callMs / 1000} s.`)),
    POLICY.engine.callMs,
  )
  const abortSignal = AbortSignal.any([signal, silence.signal])
  try {
    const stream = await engine.docker.createImage({ fromImage: image, abortSignal })
    const layers = new Map<string, { current: number; total: number }>()
    for await (const text of createInterface({ input: Readable.from(stream) })) {
      timer.refresh()
      if (!text.trim()) continue
      const line = pullLine.parse(JSON.parse(text))
      if (line.error) throw new Error(`${line.error}.`)
      if (!line.id || line.status !== 'Downloading' || !line.progressDetail?.total) continue
      layers.set(line.id, { current: line.progressDetail.current ?? 0, total: line.progressDetail.total })
      const known = [...layers.values()]
      onProgress(
        known.reduce((sum, layer) => sum + layer.current, 0),
        known.reduce((sum, layer) => sum + layer.total, 0),
      )
    }
  } catch (error) {
    throw silence.signal.aborted ? silence.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}

/** Without a tag the engine would fetch every tag there is. */
function withTag(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1)
  return name.includes(':') || name.includes('@') ? image : `${image}:latest`
}
