import { describe, expect, it } from 'vitest'
import { brainToAgent, WELCOME } from '../../../../shared/protocol/agent'
import { inPreviousProtocol } from '../../../../shared/protocol/previous'
import { instanceSpec } from '../../../factories/instance-spec'

const sha256 = 'a'.repeat(64)
const spec = instanceSpec({ layers: [{ template: 'base', version: '1', type: 'master', sha256, sizeBytes: 1 }] })

describe('a message to an agent of the protocol before', () => {
  it('loses what that agent would refuse, at every depth, and nothing else', () => {
    const payload = { commandId: 'command-1', instanceId: 'one', generation: 1, spec }
    const newer = {
      ...payload,
      since: 2,
      spec: {
        ...spec,
        networkId: 'n',
        runtime: { ...spec.runtime, user: 'x', stop: { ...spec.runtime.stop, twice: true } },
      },
    }
    expect(inPreviousProtocol('instance.prepare', newer)).toEqual(payload)
  })

  it('keeps the welcome', () => {
    const settings = { devMode: false, name: 'one', region: null, tags: [] }
    const welcome = { nodeId: 'n1', secret: null, settings }
    expect(inPreviousProtocol(WELCOME, { ...welcome, settings: { ...settings, reserve: {} } })).toEqual(welcome)
  })

  it('is none when the agent knows no such message', () => {
    expect(inPreviousProtocol('node.dance', {})).toBeUndefined()
    expect(inPreviousProtocol('toString', {})).toBeUndefined()
  })

  it.each(['node.ping', 'node.resync', 'cache.list'] as const)('%s is still one', name => {
    expect(inPreviousProtocol(name, {})).toEqual(brainToAgent[name].parse({}))
  })
})
