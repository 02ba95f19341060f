import { beforeEach, describe, expect, it } from 'vitest'
import { createAgentUpdates } from '../../../../server/services/agent-updates'
import type { NodeRecord } from '../../../../server/ports'
import type { AgentProgram } from '../../../../shared/schemas/node'
import { POLICY } from '../../../../shared/domain/policy'
import { AppError } from '../../../../shared/errors'
import { makeNode } from '../../../factories/node-record'
import { fakeSpecs } from '../../../fakes/fake-machine'

const NEW = 'a'.repeat(64)
const OLD = 'b'.repeat(64)
const program = (over: Partial<AgentProgram> = {}): AgentProgram => ({
  sha256: OLD,
  updates: 'self',
  failure: null,
  ...over,
})

let nodes: Map<string, NodeRecord>
let ready: Set<string>
let told: string[]
let refusal: AppError | null
let now: number
const quiet = { debug() {}, info() {}, warn() {}, error() {} }

function node(id: string, runs = program()): void {
  nodes.set(id, makeNode({ id, name: id, specs: { ...fakeSpecs(), program: runs } }))
  ready.add(id)
}

const open = (mode: 'manual' | 'auto') =>
  createAgentUpdates({
    files: { agentSha256: async () => NEW },
    mode,
    directory: { find: id => nodes.get(id), list: () => [...nodes.values()] },
    live: { isReady: id => ready.has(id) },
    link: {
      async send(id) {
        if (refusal) throw refusal
        told.push(id)
        return { ok: true }
      },
    },
    clock: { monotonic: () => now },
    log: quiet,
    onChanged: () => {},
  })
/** Long enough for whatever follows a report without being waited for. */
const turn = () => new Promise(resolve => setImmediate(resolve))

beforeEach(() => {
  nodes = new Map()
  ready = new Set()
  told = []
  refusal = null
  now = 0
})

describe('STRATA_AGENT_UPDATES=auto', () => {
  it('updates one node after the other, each once the one before has come back as the new one', async () => {
    const updates = open('auto')
    for (const id of ['n1', 'n2', 'n3']) node(id)
    await updates.reported('n1')
    await turn()
    await updates.reported('n2')
    await turn()
    expect(told).toEqual(['n1'])
    node('n1', program({ sha256: NEW }))
    await updates.reported('n1')
    await turn()
    expect(told).toEqual(['n1', 'n2'])
  })

  it('stops at the first machine on which the new one does not come up', async () => {
    const updates = open('auto')
    for (const id of ['n1', 'n2']) node(id)
    await updates.reported('n1')
    await turn()
    node('n1', program({ failure: { sha256: NEW, message: 'It ended with exit code 1.' } }))
    await updates.reported('n1')
    await turn()
    expect(told).toEqual(['n1'])
    expect(await updates.standing(nodes.get('n1')!)).toMatchObject({
      state: 'outdated',
      failure: 'It ended with exit code 1.',
    })
  })

  it('passes over nodes that are away, or are updated in another manner', async () => {
    node('n1', program({ updates: 'container' }))
    node('n2')
    ready.delete('n2')
    node('n3')
    const updates = open('auto')
    await updates.reported('n1')
    await turn()
    expect(told).toEqual(['n3'])
  })

  it('waits for one that does not come back, but not for ever', async () => {
    const updates = open('auto')
    for (const id of ['n1', 'n2']) node(id)
    await updates.reported('n1')
    await turn()
    ready.delete('n1')
    now = POLICY.agentUpdate.giveUpMs - 1
    await updates.reported('n2')
    await turn()
    expect(told).toEqual(['n1'])
    now += 1
    await updates.reported('n2')
    await turn()
    expect(told).toEqual(['n1', 'n2'])
  })

  it('tries again with the next report after a command that was lost', async () => {
    const updates = open('auto')
    node('n1')
    refusal = new AppError('NODE_UNREACHABLE', 'Lost.')
    await updates.reported('n1')
    await turn()
    refusal = null
    await updates.reported('n1')
    await turn()
    expect(told).toEqual(['n1'])
  })
})

it('STRATA_AGENT_UPDATES=manual leaves every node as it is until somebody asks, once', async () => {
  const updates = open('manual')
  node('n1')
  await updates.reported('n1')
  await turn()
  expect(told).toEqual([])
  await updates.start(nodes.get('n1')!)
  await expect(updates.start(nodes.get('n1')!)).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(told).toEqual(['n1'])
})
