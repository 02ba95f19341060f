import { createSharedComposable, useIntervalFn } from '@vueuse/core'
import { readonly, ref } from 'vue'
import { brainNow } from './api/brain-clock'

const TICK_MS = 1_000

/** The present moment by the brain's clock, once a second, one timer for the whole panel. */
export const useNow = createSharedComposable(() => {
  const now = ref(brainNow())
  useIntervalFn(() => (now.value = brainNow()), TICK_MS)
  return readonly(now)
})
