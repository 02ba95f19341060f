import type { AgentToBrain } from '../../shared/protocol/agent'
import type { FakeBehaviour } from './fake-behaviour'
import type { FakeInstance } from './fake-instance'

export interface FakeStreamDeps {
  behaviour: FakeBehaviour
  instances: ReadonlyMap<string, FakeInstance>
  send<Name extends 'instance.console' | 'instance.stats'>(name: Name, payload: AgentToBrain[Name]): void
}

/** Console and statistics of watched instances. */
export function createFakeStream({ behaviour, instances, send }: FakeStreamDeps) {
  const watches = new Map<string, { sent: number; timers: NodeJS.Timeout[] }>()

  function flush(id: string): void {
    const watch = watches.get(id)
    const instance = instances.get(id)
    if (!watch || !instance?.observation.runId || watch.sent >= instance.lines.length) return
    send('instance.console', {
      instanceId: id,
      runId: instance.observation.runId,
      from: watch.sent,
      lines: instance.lines.slice(watch.sent),
    })
    watch.sent = instance.lines.length
  }

  function sample(id: string): void {
    if (instances.get(id)?.observation.state !== 'RUNNING') return
    send('instance.stats', {
      instanceId: id,
      at: Date.now(),
      cpu: Math.random(),
      memoryBytes: 256 * 1024 ** 2,
      networkRxBytes: null,
      networkTxBytes: null,
      diskReadBytes: null,
      diskWriteBytes: null,
    })
  }

  function unwatch(id: string): void {
    for (const timer of watches.get(id)?.timers ?? []) clearInterval(timer)
    watches.delete(id)
  }

  return {
    watch(id: string) {
      if (watches.has(id)) return
      const tick = () => {
        if (instances.get(id)?.observation.state === 'RUNNING')
          instances.get(id)?.print(`It is ${new Date().toISOString()}`)
      }
      watches.set(id, {
        sent: instances.get(id)?.lines.length ?? 0,
        timers: [
          setInterval(tick, behaviour.consoleEveryMs).unref(),
          setInterval(() => sample(id), behaviour.statsEveryMs).unref(),
        ],
      })
      sample(id)
    },
    unwatch,
    flush,
    watched: () => watches.size,
    /** A real agent stops streaming when its connection ends. */
    forget() {
      for (const id of [...watches.keys()]) unwatch(id)
    },
  }
}
