import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { POLICY } from '../../../../shared/domain/policy'
import { coalesce } from '../../../../server/gateway/panel-bus'
import { makeInstanceView } from '../../../factories/views'

let sent: string[]
const publish = () =>
  coalesce((name, payload) =>
    sent.push(`${name} ${'id' in payload ? payload.id : ''} ${'revision' in payload ? payload.revision : ''}`.trim()),
  )

beforeEach(() => {
  sent = []
  vi.useFakeTimers()
})
afterEach(() => void vi.useRealTimers())

describe('a burst of changes', () => {
  it('is thinned to the first and the last, each thing by itself', () => {
    const send = publish()
    for (const revision of [1, 2, 3])
      for (const id of ['a', 'b']) send('instance.changed', makeInstanceView(id, { revision }), 'instance.read')
    expect(sent).toEqual(['instance.changed a 1', 'instance.changed b 1'])
    vi.advanceTimersByTime(POLICY.channel.burstMs)
    expect(sent.slice(2)).toEqual(['instance.changed a 3', 'instance.changed b 3'])
    vi.advanceTimersByTime(POLICY.channel.burstMs * 10)
    expect(sent).toHaveLength(4)
  })

  it('that goes on is sent at a steady rate', () => {
    const send = publish()
    for (let revision = 0; revision < 100; revision++) {
      send('instance.changed', makeInstanceView('a', { revision }), 'instance.read')
      vi.advanceTimersByTime(POLICY.channel.burstMs / 10)
    }
    vi.advanceTimersByTime(POLICY.channel.burstMs)
    expect(sent.length).toBeLessThanOrEqual(12)
    expect(sent.at(-1)).toBe('instance.changed a 99')
  })

  it('leaves everything else alone', () => {
    const send = publish()
    for (let index = 0; index < 3; index++) send('template.changed', { id: 't' }, 'template.read')
    expect(sent).toHaveLength(3)
  })

  it('never brings a removed node back', () => {
    const send = publish()
    const node = { id: 'n' } as Parameters<typeof send<'node.changed'>>[1]
    send('node.changed', node, 'node.read')
    send('node.changed', node, 'node.read')
    send('node.removed', { id: 'n' }, 'node.read')
    vi.advanceTimersByTime(POLICY.channel.burstMs * 3)
    expect(sent).toEqual(['node.changed n', 'node.removed n'])
  })
})
