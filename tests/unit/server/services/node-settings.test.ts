import { beforeEach, describe, expect, it } from 'vitest'
import { createNodeSettings } from '../../../../server/services/node-settings'
import { AppError } from '../../../../shared/errors'
import { makeNode } from '../../../factories/node-record'

let isConnected = true
let isLost = false
let told: unknown[] = []
const quiet = () => {}
const settings = createNodeSettings({
  directory: { get: () => makeNode({ devMode: true, tags: ['a'] }) },
  link: {
    isConnected: () => isConnected,
    async send(_node, name, payload) {
      if (isLost) throw new AppError('NODE_UNREACHABLE', 'lost')
      told.push([name, payload])
      return { ok: true }
    },
  },
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
})
const turn = () => new Promise(resolve => setImmediate(resolve))

beforeEach(() => {
  isConnected = true
  isLost = false
  told = []
})

describe('the settings of a node', () => {
  const whole = ['node.configure', { devMode: true, name: 'one', region: null, tags: ['a'] }]

  it('are told whole, and nothing more with the next heartbeats', async () => {
    settings.push('n1')
    settings.catchUp('n1')
    await turn()
    expect(told).toEqual([whole])
  })

  it('are told again by the next heartbeat when they were lost', async () => {
    isLost = true
    settings.push('n1')
    await turn()
    isLost = false
    settings.catchUp('n1')
    settings.catchUp('n1')
    await turn()
    expect(told).toEqual([whole])
  })

  it('wait for the welcome of a node that is away', async () => {
    isConnected = false
    settings.push('n1')
    await turn()
    expect(told).toEqual([])
  })
})
