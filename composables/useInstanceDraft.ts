import { computed, shallowRef, watch } from 'vue'
import { refDebounced, useSessionStorage } from '@vueuse/core'
import { instance, placementExplanation } from '../shared/schemas/instance'
import { stackPreview } from '../shared/schemas/stack'
import { ApiError } from './api/api-error'
import { bodyOf, emptyDraft, layerRequestsOf, moved, variablesOf, type InstanceDraft } from './instance/draft'

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
  const stored = useSessionStorage<InstanceDraft>('strata-new-instance', emptyDraft(), {
    mergeDefaults: true,
    serializer: { read: text => JSON.parse(text), write: draft => JSON.stringify(withoutSecrets(draft)) },
  })
  const draft = stored.value
  const layersKey = computed(() => JSON.stringify(layerRequestsOf(draft)))
  const previewKey = refDebounced(computed(() => JSON.stringify([layersKey.value, draft.variables])), THINK_MS)
  const preview = useResource(async signal => draft.layers.length
    ? api('/stacks/preview', { method: 'POST', body: { layers: layerRequestsOf(draft), variables: variablesOf(draft, preview.value.value) }, answer: stackPreview, signal })
    : undefined, { when: previewKey })
  const ready = shallowRef(false)
  watch(preview.value, value => (ready.value = value !== undefined))

  function withoutSecrets(value: InstanceDraft): InstanceDraft {
    const secret = new Set(preview.value.value?.variables.filter(variable => variable.secret).map(variable => variable.name))
    // Before the first preview nothing is known to be harmless.
    const variables = preview.value.value ? Object.fromEntries(Object.entries(value.variables).filter(([name]) => !secret.has(name))) : {}
    return { ...value, variables }
  }

  const dryRunKey = refDebounced(computed(() => JSON.stringify([bodyOf(draft, preview.value.value), ready.value])), THINK_MS)
  const placement = useResource(async signal => draft.layers.length && preview.value.value
    ? api('/instances', {
        method: 'POST',
        query: { dryRun: true },
        body: { ...bodyOf(draft, preview.value.value), name: draft.name.trim() || NAME_FOR_DRY_RUN },
        answer: placementExplanation,
        signal,
      })
    : undefined, { when: dryRunKey })

  let nextKey = Math.max(0, ...draft.layers.map(layer => layer.key + 1))
  let attempt = crypto.randomUUID()

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
        const created = await api('/instances', { method: 'POST', body: bodyOf(draft, preview.value.value), headers: { 'Idempotency-Key': attempt }, answer: instance })
        Object.assign(draft, emptyDraft())
        return created
      }
      catch (error) {
        // A refused request is over; one without an answer may have worked and must be sent as the same again.
        if (error instanceof ApiError && error.kind === 'problem') attempt = crypto.randomUUID()
        throw error
      }
    },
    reset: () => Object.assign(draft, emptyDraft()),
  }
}
