import { computed, shallowRef, watch } from 'vue'
import { refDebounced, useSessionStorage } from '@vueuse/core'
import { instance, placementExplanation, type CreateInstance } from '../shared/schemas/instance'
import { stackPreview, type StackPreview } from '../shared/schemas/stack'
import { ApiError } from './api/api-error'
import {
  bodyOf,
  emptyDraft,
  faultsOf,
  isPreviewOf,
  layerRequestsOf,
  moved,
  placementOf,
  variablesOf,
  type InstanceDraft,
} from './instance/draft'

const THINK_MS = 300
/** Answers of a dry run need a name; until one is typed any will do. */
const NAME_FOR_DRY_RUN = 'new-server'

/**
 * The server that is being put together: kept in this tab until it is created, so that a reload or an ended session
 * loses nothing that was typed (secrets excepted: those are kept in memory only). What it would become and where it
 * would run is asked again with every change.
 */
export function useInstanceDraft() {
  const api = useApi()
  /** The last preview: says which variables there are and which of them are secret. */
  const known = shallowRef<StackPreview>()
  const stored = useSessionStorage<InstanceDraft>('strata-new-instance', emptyDraft(), {
    mergeDefaults: true,
    serializer: { read: text => JSON.parse(text), write: draft => JSON.stringify(withoutSecrets(draft, known.value)) },
  })
  const draft = stored.value

  const previewKey = refDebounced(
    computed(() => JSON.stringify([layerRequestsOf(draft), draft.variables, draft.placement])),
    THINK_MS,
  )
  const preview = useResource(
    async signal => {
      if (!draft.layers.length) return undefined
      const body = {
        layers: layerRequestsOf(draft),
        variables: variablesOf(draft, known.value),
        placement: placementOf(draft),
      }
      return await api('/stacks/preview', { method: 'POST', body, answer: stackPreview, signal })
    },
    { when: previewKey },
  )
  watch(preview.value, value => (known.value = value))

  /**
   * What would be sent for a dry run; null while something is missing that only the person can give. The one before
   * stands until the preview of other layers has come: only that says what they require.
   */
  const dryRun = computed<CreateInstance | null>(before => {
    const named = { ...draft, name: draft.name.trim() || NAME_FOR_DRY_RUN }
    if (!draft.layers.length || !known.value) return null
    if (!isPreviewOf(known.value, draft)) return before ?? null
    if (known.value.conflicts.some(conflict => conflict.blocking)) return null
    return faultsOf(named, known.value, fault => fault).length ? null : bodyOf(named, known.value)
  })
  const dryRunKey = refDebounced(
    computed(() => JSON.stringify(dryRun.value)),
    THINK_MS,
  )
  const placement = useResource(
    async signal => {
      if (!dryRun.value) return undefined
      return await api('/instances', {
        method: 'POST',
        query: { dryRun: true },
        body: dryRun.value,
        answer: placementExplanation,
        signal,
      })
    },
    { when: dryRunKey },
  )

  let nextKey = Math.max(0, ...draft.layers.map(layer => layer.key + 1))
  let attempt = newAttempt()

  return {
    draft,
    preview,
    placement,
    add: (template: string) => void draft.layers.push({ key: nextKey++, template, version: undefined }),
    remove: (position: number) => void draft.layers.splice(position, 1),
    move: (from: number, to: number) => void (draft.layers = moved(draft.layers, from, to)),
    /** Creates it. The same attempt sent twice creates it once. Throws ApiError. */
    async create() {
      try {
        const created = await api('/instances', {
          method: 'POST',
          body: bodyOf(draft, known.value),
          headers: { 'Idempotency-Key': attempt },
          answer: instance,
        })
        Object.assign(draft, emptyDraft())
        return created
      } catch (error) {
        // A refused request is over; one without an answer may have worked and must be sent as the same again.
        if (error instanceof ApiError && error.kind === 'problem') attempt = newAttempt()
        throw error
      }
    },
    reset: () => Object.assign(draft, emptyDraft()),
  }
}

/** Names one attempt to create. Not `randomUUID`: browsers have that only where the panel is on HTTPS. */
function newAttempt(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('')
}

/** Before the first preview nothing is known to be harmless. */
function withoutSecrets(draft: InstanceDraft, preview: StackPreview | undefined): InstanceDraft {
  const harmless = new Set(preview?.variables.filter(variable => !variable.secret).map(variable => variable.name))
  return {
    ...draft,
    variables: Object.fromEntries(Object.entries(draft.variables).filter(([name]) => harmless.has(name))),
  }
}
