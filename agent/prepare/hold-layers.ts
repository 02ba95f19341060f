import type { InstanceSpec } from '../../shared/protocol/agent'
import type { HeldLayer, HoldingCache } from '../cache/layer-cache'
import type { PrepareOptions } from './port'

/**
 * Gets every layer of an instance at once and keeps them in place until `release`; progress is told in compressed bytes
 * over all of them. When one fails, the rest is cut off and let go before the error is thrown.
 */
export async function holdLayers(
  cache: HoldingCache,
  spec: InstanceSpec,
  options: PrepareOptions,
): Promise<{ layers: HeldLayer[]; release: () => void }> {
  const totalBytes = spec.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0)
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  let doneBytes = 0
  const onBytes = (bytes: number) => {
    doneBytes += bytes
    options.onProgress({ step: 'fetch', doneBytes, totalBytes })
  }
  let firstError: unknown
  const results = await Promise.allSettled(
    spec.layers.map(layer =>
      cache.hold(layer, spec.id, { fresh: options.devMode, signal, onBytes }).catch((error: unknown) => {
        firstError ??= error
        failed.abort(error)
        throw error
      }),
    ),
  )
  const layers = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  const release = () => layers.forEach(layer => cache.release(layer.index.sha256))
  if (layers.length < results.length) {
    release()
    throw firstError
  }
  return { layers, release }
}
