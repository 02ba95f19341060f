import { describe, expect, it, vi } from 'vitest'
import { POLICY } from '../../../../shared/domain/policy'
import { AppError } from '../../../../shared/errors'
import type { AgentAck } from '../../../../shared/protocol/agent'
import { createWatchRegistry, type Watcher } from '../../../../server/gateway/watch-registry'
import { makeAgentMessage } from '../../../factories/agent-messages'

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
const flush = () => new Promise(resolve => setImmediate(resolve))

function makeRegistry(answer: (node: string, name: string) => AgentAck = () => ({ ok: true })) {
  const sent: string[] = []
  const away = new Set<string>()
  const registry = createWatchRegistry({
    log: silent,
    nodeOf: async () => 'node-a',
    link: {
      isConnected: node => !away.has(node),
      async send(node, name, payload) {
        sent.push(`${node} ${name} ${'instanceId' in payload ? payload.instanceId : ''}`)
        if (away.has(node)) throw new AppError('NODE_UNREACHABLE', 'away')
        return answer(node, name)
      },
    },
  })
  return { registry, sent, away }
}

function makeWatcher(backlog = 0) {
  const emit = vi.fn(() => true)
  const watcher: Watcher = { socket: { emit }, backlog: () => backlog }
  return { watcher, emit }
}

describe('watches', () => {
  it('leave out lines for a page that is far behind, and only for that page', async () => {
    const { registry } = makeRegistry()
    const [quick, slow] = [makeWatcher(), makeWatcher(POLICY.channel.panelBacklogPackets)]
    await registry.add('one', quick.watcher)
    await registry.add('one', slow.watcher)
    registry.deliver('node-a', 'console.lines', makeAgentMessage['instance.console']('one'))
    expect(quick.emit).toHaveBeenCalledOnce()
    expect(slow.emit).not.toHaveBeenCalled()
  })

  it('begin when the node comes, if it was away', async () => {
    const { registry, sent, away } = makeRegistry()
    away.add('node-a')
    await registry.add('one', makeWatcher().watcher)
    await flush()
    expect(sent).toEqual([])
    away.clear()
    registry.nodeReturned('node-a')
    await flush()
    expect(sent).toEqual(['node-a instance.watch one'])
  })

  it('that a node refused are tried again with the next change, not before', async () => {
    let refuses = true
    const { registry, sent } = makeRegistry(() =>
      refuses ? { ok: false, code: 'NOT_FOUND', message: '' } : { ok: true },
    )
    await registry.add('one', makeWatcher().watcher)
    await flush()
    expect(sent).toHaveLength(1)
    refuses = false
    registry.instanceAt('one', 'node-a')
    await flush()
    registry.instanceAt('one', 'node-a')
    await flush()
    expect(sent).toHaveLength(2)
  })

  it('leave nothing behind when the page goes', async () => {
    const { registry, sent } = makeRegistry()
    const { watcher, emit } = makeWatcher()
    await registry.add('one', watcher)
    await registry.add('two', watcher)
    await flush()
    registry.leave(watcher)
    registry.leave(watcher)
    await flush()
    expect(sent.filter(line => line.includes('unwatch'))).toEqual([
      'node-a instance.unwatch one',
      'node-a instance.unwatch two',
    ])
    registry.nodeReturned('node-a')
    registry.deliver('node-a', 'stats.sample', makeAgentMessage['instance.stats']('one'))
    await flush()
    expect(emit).not.toHaveBeenCalled()
    expect(sent.filter(line => line.includes('instance.watch'))).toHaveLength(2)
  })
})
