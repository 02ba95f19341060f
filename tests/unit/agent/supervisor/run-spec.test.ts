import { describe, expect, it } from 'vitest'
import { fitSpec, runSpecOf } from '../../../../agent/supervisor/run-spec'
import { instanceSpec } from '../../../factories/instance-spec'

const BINDS = { publicBind: ['0.0.0.0'], privateBind: ['127.0.0.1'] }
const LAID = { planHash: 'abc', mount: { kind: 'directory' as const, path: '/stack' } }

const spec = instanceSpec({
  layers: [],
  variables: { PORT: '5520', PORT_GAME: '5520', NAME: 'x' },
  builtins: { PORT: '5520', PORT_GAME: '5520', INSTANCE_ID: 'i-test' },
  ports: [
    { name: 'game', protocol: 'udp', container: 5520, host: 25_000, expose: 'public', fixed: false },
    { name: 'query', protocol: 'tcp', container: null, host: 25_001, expose: 'private', fixed: false },
    { name: 'admin', protocol: 'tcp', container: 9000, host: null, expose: 'none', fixed: false },
  ],
})
const runOf = (runtime: 'docker' | 'process') =>
  runSpecOf(spec, LAID, { runId: 'run-1', generation: 3, runtime }, BINDS)

describe('what a runtime is told of a run', () => {
  it('binds public, private and no ports, where the server listens in its container', () => {
    expect(runOf('docker').ports).toEqual([
      { name: 'game', protocol: 'udp', container: 5520, host: { addresses: ['0.0.0.0'], port: 25_000 } },
      { name: 'query', protocol: 'tcp', container: 25_001, host: { addresses: ['127.0.0.1'], port: 25_001 } },
      { name: 'admin', protocol: 'tcp', container: 9000, host: null },
    ])
    expect(runOf('docker').env).toEqual({ HOME: '/server', PORT: '5520', PORT_GAME: '5520', INSTANCE_ID: 'i-test' })
  })

  it('lets a server without a container listen where it is reached', () => {
    expect(runOf('process').ports.map(port => port.container)).toEqual([25_000, 25_001, 9000])
    expect(runOf('process').env).toEqual({ PORT: '25000', PORT_GAME: '25000', INSTANCE_ID: 'i-test' })
    expect(fitSpec(spec, 'process').variables).toEqual({ PORT: '25000', PORT_GAME: '25000', NAME: 'x' })
    expect(fitSpec(spec, 'docker')).toBe(spec)
  })

  it('lets a layer set what is built in', () => {
    const own = { ...spec, runtime: { ...spec.runtime, env: { PORT: '1', HOME: '/tmp' } } }
    expect(runSpecOf(own, LAID, { runId: 'run-1', generation: 3, runtime: 'docker' }, BINDS).env).toMatchObject({
      PORT: '1',
      HOME: '/tmp',
    })
  })
})
