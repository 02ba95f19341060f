import { onScopeDispose, ref } from 'vue'

const SHOWN_MS = 2_000

/** Copies text, and says for two seconds that it did. Works without HTTPS too, where browsers have no clipboard API. */
export function useCopy() {
  const copied = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined

  async function copy(text: string) {
    if (window.isSecureContext) await navigator.clipboard.writeText(text)
    else copyBySelection(text)
    copied.value = true
    clearTimeout(timer)
    timer = setTimeout(() => (copied.value = false), SHOWN_MS)
  }

  onScopeDispose(() => clearTimeout(timer))
  return { copied, copy }
}

function copyBySelection(text: string): void {
  const field = document.createElement('textarea')
  field.value = text
  field.style.position = 'fixed'
  field.style.opacity = '0'
  // Within an open dialog only what is inside it may have the focus.
  const host = document.activeElement?.closest('[role=dialog]') ?? document.body
  host.append(field)
  field.select()
  document.execCommand('copy')
  field.remove()
}
