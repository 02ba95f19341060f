import { computed, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'

/** One node, live. */
export function useNode(id: MaybeRefOrGetter<string>) {
  const nodes = useNodes()
  const error = ref<unknown>(null)

  async function load() {
    try {
      await nodes.read(toValue(id))
      error.value = null
    } catch (cause) {
      error.value = cause
    }
  }

  watch(() => toValue(id), load, { immediate: true })
  useReread(load)
  return { node: computed(() => nodes.byId.value.get(toValue(id))), error, load }
}
