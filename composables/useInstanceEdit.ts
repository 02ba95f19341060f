import { computed, reactive, ref, shallowRef, toRaw, watch } from 'vue'
import { refDebounced, useSessionStorage } from '@vueuse/core'
import { instance as instanceSchema, type Instance } from '../shared/schemas/instance'
import { stackPreview, type StackPreview } from '../shared/schemas/stack'
import { ApiError } from './api/api-error'
import {
  emptyDraft,
  isPreviewOf,
  layerRequestsOf,
  moved,
  placementOf,
  variablesOf,
  type InstanceDraft,
} from './instance/draft'
import { changesOf, definitionOf, draftOf, patchOf, rebased } from './instance/edit'

const THINK_MS = 300
/** A server reports while one types: its revision grows though nobody changed what is edited here. */
const TRIES = 4

/** A server as it was read, its layers' preview, and the two as a draft. */
interface Base {
  instance: Instance
  preview: StackPreview
  draft: InstanceDraft
}

/**
 * An existing server while it is changed. Nothing typed is lost: it is kept in this tab until it is saved (secrets in
 * memory only), and what somebody else saves meanwhile is told and can be taken over beneath it.
 */
export function useInstanceEdit(id: string) {
  const api = useApi()
  const instances = useInstances()
  const address = `/instances/${encodeURIComponent(id)}`
  const base = shallowRef<Base>()
  const theirs = shallowRef<Base>()
  const draft = reactive<InstanceDraft>(emptyDraft())
  const error = shallowRef<unknown>(null)
  const restored = ref(false)
  const saving = ref(false)
  const kept = useSessionStorage<{ before: InstanceDraft; draft: InstanceDraft } | null>(`strata-edit-${id}`, null, {
    serializer: { read: text => JSON.parse(text), write: value => JSON.stringify(value) },
  })

  async function read(): Promise<Base> {
    const requestedAt = Date.now()
    const found = await api(address, { answer: instanceSchema })
    instances.put(found, requestedAt)
    const layers = found.layers.map(({ template, version }) => ({ template, version }))
    const preview = await api('/stacks/preview', { method: 'POST', body: { layers }, answer: stackPreview })
    return { instance: found, preview, draft: draftOf(found, preview.runtime) }
  }

  const put = (next: InstanceDraft) => void Object.assign(draft, structuredClone(next))

  async function load() {
    error.value = null
    try {
      base.value = await read()
      const mine = kept.value
      restored.value = mine !== null
      put(mine ? rebased(mine.before, mine.draft, base.value.draft) : base.value.draft)
    } catch (cause) {
      error.value = cause
    }
  }

  const previewKey = refDebounced(
    computed(() =>
      JSON.stringify([base.value?.instance.node?.id, layerRequestsOf(draft), draft.variables, draft.placement]),
    ),
    THINK_MS,
  )
  const known = shallowRef<StackPreview>()
  const preview = useResource(
    async signal => {
      if (!base.value || !draft.layers.length) return undefined
      const node = base.value.instance.node?.id
      const body = {
        layers: layerRequestsOf(draft),
        variables: variablesOf(draft, known.value),
        placement: { ...placementOf(draft), ...(node ? { node } : {}) },
      }
      return await api('/stacks/preview', { method: 'POST', body, answer: stackPreview, signal })
    },
    { when: previewKey },
  )
  watch(preview.value, value => (known.value = value))

  const isReady = computed(() => known.value !== undefined && isPreviewOf(known.value, draft))
  const secrets = computed(
    () =>
      new Set(
        [base.value?.preview, known.value].flatMap(
          from => from?.variables.filter(variable => variable.secret).map(({ name }) => name) ?? [],
        ),
      ),
  )
  const patch = computed(() =>
    base.value && isReady.value ? patchOf(base.value.draft, base.value.preview, draft, known.value) : {},
  )
  const changes = computed(() =>
    base.value && isReady.value
      ? changesOf(base.value.draft, base.value.preview, draft, known.value, secrets.value)
      : [],
  )

  watch(
    [() => draft, patch],
    () => {
      if (!base.value || !isReady.value) return
      kept.value = Object.keys(patch.value).length
        ? { before: withoutSecrets(base.value.draft), draft: withoutSecrets(draft) }
        : null
    },
    { deep: true },
  )
  const withoutSecrets = (from: InstanceDraft): InstanceDraft => ({
    ...structuredClone(deepRaw(from)),
    variables: Object.fromEntries(Object.entries(from.variables).filter(([name]) => !secrets.value.has(name))),
  })

  const latest = computed(() => instances.byId.value.get(id) ?? base.value?.instance)
  const isOvertaken = computed(
    () =>
      !saving.value &&
      base.value !== undefined &&
      latest.value !== undefined &&
      definitionOf(latest.value) !== definitionOf(base.value.instance),
  )
  watch(isOvertaken, async overtaken => {
    if (!overtaken) return void (theirs.value = undefined)
    try {
      theirs.value = await read()
    } catch (cause) {
      error.value = cause
    }
  })
  const theirChanges = computed(() =>
    base.value && theirs.value
      ? changesOf(base.value.draft, base.value.preview, theirs.value.draft, theirs.value.preview, secrets.value)
      : [],
  )

  /** PATCH with the revision that is known to be unchanged in what is edited; REVISION_CONFLICT when it is not. */
  async function send(): Promise<Instance> {
    for (let tries = 1; ; tries++) {
      const revision = latest.value?.revision ?? 0
      try {
        return await api(address, {
          method: 'PATCH',
          body: patch.value,
          headers: { 'If-Match': `"${revision}"` },
          answer: instanceSchema,
        })
      } catch (cause) {
        if (!(cause instanceof ApiError) || cause.code !== 'REVISION_CONFLICT' || tries === TRIES) throw cause
        const requestedAt = Date.now()
        const now = await api(address, { answer: instanceSchema })
        instances.put(now, requestedAt)
        if (!base.value || definitionOf(now) !== definitionOf(base.value.instance)) throw cause
      }
    }
  }

  return {
    base,
    draft,
    preview,
    error,
    restored,
    saving,
    changes,
    patch,
    isReady,
    isOvertaken,
    theirChanges,
    latest,
    load,
    add: (template: string) =>
      void draft.layers.push({
        key: Math.max(0, ...draft.layers.map(({ key }) => key + 1)),
        template,
        version: undefined,
      }),
    remove: (position: number) => void draft.layers.splice(position, 1),
    move: (from: number, to: number) => void (draft.layers = moved(draft.layers, from, to)),
    /** Back to the server as it is. */
    reset() {
      kept.value = null
      restored.value = false
      if (base.value) put(base.value.draft)
    },
    /** Puts what was typed over what somebody else saved. */
    takeOver() {
      if (!base.value || !theirs.value) return
      const next = rebased(base.value.draft, deepRaw(draft), theirs.value.draft)
      base.value = theirs.value
      theirs.value = undefined
      put(next)
    },
    /** Saves what differs. Throws ApiError; what was typed stays. */
    async save(): Promise<Instance> {
      saving.value = true
      try {
        const requestedAt = Date.now()
        const changed = await send()
        kept.value = null
        instances.put(changed, requestedAt)
        return changed
      } finally {
        saving.value = false
      }
    },
  }
}

/** Without the proxies that Vue puts around each part. */
function deepRaw<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(toRaw(value))) as Value
}
