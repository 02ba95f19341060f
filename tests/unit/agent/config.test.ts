import { describe, expect, it } from 'vitest'
import { readSettings } from '../../../agent/config'

const ROOT = { uid: 0, gid: 0, home: '/root' }
const SOMEBODY = { uid: 1234, gid: 1235, home: '/home/somebody' }

describe('the agent’s settings', () => {
  it('have defaults that work on one machine', () => {
    const settings = readSettings({ STRATA_NODE_NAME: 'Local Node 1', STRATA_JOIN_TOKEN: '', UNRELATED: 'x' }, ROOT)
    expect(settings).toMatchObject({
      brainUrl: 'http://127.0.0.1:3000',
      joinToken: null,
      dataDir: '/var/lib/strata/nodes/local-node-1',
      ports: { from: 25_000, to: 25_999 },
      publicBind: ['0.0.0.0'],
      privateBind: ['127.0.0.1'],
      owner: { uid: 1000, gid: 1000 },
      runtime: 'docker',
      layout: 'auto',
      dockerHost: 'unix:///var/run/docker.sock',
      maxInstances: null,
    })
  })

  it('let servers run as the agent’s own user when it is not root', () => {
    const settings = readSettings({ STRATA_NODE_NAME: 'x', STRATA_NODE_UID: '2000:2000' }, SOMEBODY)
    expect(settings).toMatchObject({
      owner: { uid: 1234, gid: 1235 },
      isRoot: false,
      dataDir: '/home/somebody/.local/share/strata/nodes/x',
    })
  })

  it('read sizes, ranges and lists', () => {
    const settings = readSettings(
      {
        STRATA_NODE_RESERVE: 'memory=1.5g, cpus=0.5,disk=10g',
        STRATA_NODE_PORTS: '30000-30010',
        STRATA_NODE_TAGS: 'eu, fast,',
        STRATA_CACHE_LIMIT_BYTES: '20g',
        STRATA_NODE_MAX_INSTANCES: '7',
      },
      ROOT,
    )
    expect(settings).toMatchObject({
      reserve: { memoryBytes: 1.5 * 1024 ** 3, cpus: 0.5, diskBytes: 10 * 1024 ** 3 },
      ports: { from: 30_000, to: 30_010 },
      tags: ['eu', 'fast'],
      cacheLimitBytes: 20 * 1024 ** 3,
      maxInstances: 7,
    })
  })

  it('read addresses to bind on, the address for players and labels', () => {
    const read = (env: Record<string, string>) => readSettings(env, ROOT)
    expect(read({ STRATA_NODE_PUBLIC_BIND: '::' }).publicBind).toEqual(['0.0.0.0', '::'])
    expect(read({ STRATA_NODE_PUBLIC_BIND: '203.0.113.9, 2001:db8::1,' }).publicBind).toEqual([
      '203.0.113.9',
      '2001:db8::1',
    ])
    expect(read({ STRATA_NODE_ADDRESS: '[2001:db8::1]' }).address).toBe('2001:db8::1')
    expect(read({ STRATA_NODE_ADDRESS: 'play.example.org' }).address).toBe('play.example.org')
    expect(read({ STRATA_NODE_LABELS: 'disk=ssd, zone=a' }).labels).toEqual({ disk: 'ssd', zone: 'a' })
    for (const address of ['0.0.0.0', '::', '300.1.1.1', 'play.example.org:25565', 'http://play'])
      expect(() => read({ STRATA_NODE_ADDRESS: address }), address).toThrow(/STRATA_NODE_ADDRESS/)
    for (const labels of ['disk', 'disk=a b', '=x'])
      expect(() => read({ STRATA_NODE_LABELS: labels }), labels).toThrow()
  })

  it('name every fault at once', () => {
    const wrong = {
      STRATA_BRAIN_URL: 'http://brain.example',
      STRATA_JOIN_TOKEN: 'short',
      STRATA_NODE_PORTS: '26000-25000',
      STRATA_NODE_PUBLIC_BIND: 'eth0',
      STRATA_NODE_UID: '0:0',
      STRATA_RUNTIME: 'podman',
      STRATA_LAYOUT: 'zfs',
      STRATA_NODE_RESERVE: 'ram=1g',
      STRATA_NODE_TAGS: 'a b',
      STRATA_CACHE_LIMIT_BYTES: 'much',
      DOCKER_HOST: '/var/run/docker.sock',
      STRATA_NODE_MAX_INSTANCES: '-1',
    }
    const error = (() => {
      try {
        readSettings(wrong, ROOT)
      } catch (thrown) {
        return thrown as { code: string; detail: string }
      }
    })()
    expect(error?.code).toBe('BAD_REQUEST')
    for (const name of Object.keys(wrong)) expect(error?.detail).toContain(name)
  })

  it('refuse plain HTTP to another machine unless it is said', () => {
    const url = 'http://10.0.0.5:3000'
    expect(() => readSettings({ STRATA_BRAIN_URL: url }, ROOT)).toThrow(/STRATA_ALLOW_HTTP=on/)
    expect(readSettings({ STRATA_BRAIN_URL: url, STRATA_ALLOW_HTTP: 'on' }, ROOT).brainUrl).toBe(url)
    expect(readSettings({ STRATA_BRAIN_URL: 'https://brain.example/' }, ROOT).brainUrl).toBe('https://brain.example')
    for (const loopback of ['http://localhost:1', 'http://127.3.2.1:1', 'http://[::1]:1'])
      expect(readSettings({ STRATA_BRAIN_URL: loopback }, ROOT).brainUrl).toBe(loopback)
  })

  it('refuses a Docker that does not see the files of this machine', () => {
    expect(() => readSettings({ DOCKER_HOST: 'tcp://10.0.0.5:2376' }, ROOT)).toThrow(/Run the agent on that machine/)
    expect(readSettings({ DOCKER_HOST: 'tcp://127.0.0.1:2375' }, ROOT).dockerHost).toBe('tcp://127.0.0.1:2375')
  })
})
