import { onScopeDispose, ref, shallowRef } from 'vue'
import { z } from 'zod'
import { templateType } from '../shared/schemas/template-type'
import { ApiError } from './api/api-error'
import { uploadArchive, type UploadProgress, type UploadRequest } from './template/upload'

const answer = z.object({
  id: z.string(),
  version: z.string(),
  sha256: z.string(),
  sizeBytes: z.number(),
  files: z.number(),
  type: templateType,
  tags: z.array(z.string()),
})
export type Published = z.output<typeof answer>

/** One archive on its way to the brain: progress, speed, cancel, and what became of it. */
export function useTemplateUpload() {
  const phase = ref<'idle' | 'sending' | 'checking' | 'done' | 'failed'>('idle')
  const progress = shallowRef<UploadProgress | null>(null)
  const error = shallowRef<unknown>(null)
  const published = shallowRef<Published | null>(null)
  let controller: AbortController | undefined

  async function publish(upload: Omit<UploadRequest, 'onProgress' | 'signal'>) {
    const mine = (controller = new AbortController())
    phase.value = 'sending'
    error.value = null
    progress.value = { sentBytes: 0, totalBytes: upload.file.size, bytesPerSecond: null }
    try {
      const body = await uploadArchive({
        ...upload,
        signal: mine.signal,
        onProgress(now) {
          progress.value = now
          // All is sent; the brain still judges the archive.
          if (now.sentBytes >= now.totalBytes) phase.value = 'checking'
        },
      })
      const parsed = answer.safeParse(body)
      if (!parsed.success) throw new ApiError('unexpected', { cause: parsed.error })
      published.value = parsed.data
      phase.value = 'done'
    } catch (cause) {
      phase.value = mine.signal.aborted ? 'idle' : 'failed'
      error.value = mine.signal.aborted ? null : cause
    }
  }

  const cancel = () => controller?.abort(new DOMException('cancelled', 'AbortError'))
  onScopeDispose(cancel)
  return { phase, progress, error, published, publish, cancel }
}
