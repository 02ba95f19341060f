/** Runs tasks one after the other, in the order they came. */
export interface SerialQueue {
  /** False when the queue is full and the task was not taken. A task that throws stops nothing: `onError` hears of it. */
  push(task: () => Promise<void>): boolean
  /** Forgets what has not begun. */
  clear(): void
  /** Resolves when nothing runs or waits any more. */
  idle(): Promise<void>
}

export function createSerialQueue(options: { limit: number; onError: (error: unknown) => void }): SerialQueue {
  let waiting: (() => Promise<void>)[] = []
  let isRunning = false
  let current: Promise<void> = Promise.resolve()

  async function run(): Promise<void> {
    for (let task = waiting.shift(); task; task = waiting.shift()) {
      try {
        await task()
      } catch (error) {
        options.onError(error)
      }
    }
    isRunning = false
  }

  return {
    push(task) {
      if (waiting.length >= options.limit) return false
      waiting.push(task)
      if (!isRunning) {
        isRunning = true
        current = run()
      }
      return true
    },
    clear() {
      waiting = []
    },
    async idle() {
      while (isRunning) await current
    },
  }
}
