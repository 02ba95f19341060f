/**
 * Many calls become one, `afterMs` after the first of them: a thousand changes a second ask the brain once, and the last
 * change is never missed.
 */
export function gather(run: () => unknown, afterMs: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined
      run()
    }, afterMs)
  }
}
