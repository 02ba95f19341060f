import { describe, expect, it } from 'vitest'
import { findAttention } from '../../../../server/domain/attention'
import { makeRecord } from '../../../factories/instance-record'
import { fakeSpecs } from '../../../fakes/fake-machine'

const NOW = 1_000
type NodeFacts = Parameters<typeof findAttention>[0][number]
const node = (over: Partial<NodeFacts> = {}): NodeFacts => ({
  id: 'n1',
  name: 'rack',
  contact: 'online',
  unreachableSince: null,
  createdAt: 1,
  specs: fakeSpecs(),
  instances: { total: 2, running: 1 },
  ...over,
})
const reason = (code: string, message: string) => ({ code, message, at: 500 })

describe('findAttention', () => {
  it('is silent when nothing is wrong', () => {
    const starting = makeRecord({ state: 'STARTING', reason: reason('RESTART_DELAY', 'Waiting') })
    const requested = makeRecord({ state: 'REQUESTED', reason: null })
    expect(
      findAttention(
        [node(), node({ contact: 'suspect' }), node({ contact: 'pending', specs: null })],
        [makeRecord(), starting, requested],
        NOW,
      ),
    ).toEqual([])
  })

  it.each([
    [
      'instance-failed',
      makeRecord({ state: 'FAILED', reason: reason('CRASH_LOOP', 'It crashed 6 times') }),
      'It crashed 6 times. Mend',
    ],
    [
      'instance-overdue',
      makeRecord({ state: 'STARTING', reason: reason('OVERDUE', 'Not ready after 600 s.') }),
      'Not ready after 600 s. Read its console',
    ],
    [
      'instance-waiting',
      makeRecord({ state: 'REQUESTED', reason: reason('NO_NODE_FITS', 'No node has 4 GB free') }),
      'No node has 4 GB free. Make room',
    ],
  ])('tells of %s with the reason and what to do', (kind, record, message) => {
    expect(findAttention([], [record], NOW)).toEqual([
      {
        kind,
        subject: { kind: 'instance', id: 'i1', name: 'lobby' },
        message: expect.stringContaining(message),
        at: 500,
      },
    ])
  })

  it('tells of a node out of reach since when it was last heard, and never calls its servers stopped', () => {
    const [found] = findAttention([node({ contact: 'offline', unreachableSince: 700 })], [], NOW)
    expect(found).toMatchObject({ kind: 'node-offline', subject: { kind: 'node', id: 'n1', name: 'rack' }, at: 700 })
    expect(found?.message).toContain('Its 2 servers may go on unseen.')
  })

  it('tells of an engine that is away, but not on a node that runs processes', () => {
    const engine = { available: false, version: null, message: 'The socket is missing' }
    expect(findAttention([node({ specs: { ...fakeSpecs(), engine } })], [], NOW)).toMatchObject([
      { kind: 'engine-away', message: expect.stringContaining('The socket is missing. Until then') },
    ])
    expect(findAttention([node({ specs: { ...fakeSpecs(), engine, runtime: 'process' } })], [], NOW)).toEqual([])
  })

  it('puts what began last first', () => {
    const failed = makeRecord({ state: 'FAILED', reason: reason('CRASHED', 'x') })
    const away = node({ contact: 'offline', unreachableSince: 700 })
    expect(findAttention([away], [failed], NOW).map(({ kind }) => kind)).toEqual(['node-offline', 'instance-failed'])
  })
})
