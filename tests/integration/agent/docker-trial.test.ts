import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Dockerode from 'dockerode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPreparer } from '../../../agent/prepare/create-preparer'
import type { Preparer } from '../../../agent/prepare/port'
import { ENGINE_ADDRESS, openSupervisedNode } from '../../support/supervised-node'
import type { SupervisedNode } from '../../support/supervised-node'

const docker = new Dockerode({ socketPath: ENGINE_ADDRESS.replace('unix://', '') })
const IMAGE = 'strata-test/busybox:1'

describe('whether Docker can mount an overlay here', () => {
  let node: SupervisedNode
  let dataDir: string
  let preparer: Preparer

  beforeAll(async () => {
    node = await openSupervisedNode({ runtime: 'docker' })
    dataDir = mkdtempSync(join(tmpdir(), 'strata-trial-'))
    chmodSync(dataDir, 0o755)
  })
  afterAll(async () => {
    await node.close()
    rmSync(dataDir, { recursive: true, force: true })
  })
  const open = async () => {
    const layerUrl = () => Promise.reject(new Error('no layers here'))
    const owner = { uid: 1000, gid: 1000 }
    ;({ preparer } = await createPreparer({ dataDir, owner, cacheLimitBytes: null, layerUrl, warn() {} }))
    return preparer
  }
  const left = async () => {
    const filters = { label: [`strata.node=${node.nodeId}`] }
    const { Volumes } = await docker.listVolumes({ filters })
    return [...(await docker.listContainers({ all: true, filters })), ...Volumes]
  }

  it('is found out by a mount of its own, which leaves nothing', async () => {
    const found = await (
      await open()
    ).overlayObstacle(({ mount, marker }) => node.runtimes.docker.tryMount(mount, { image: IMAGE, marker }))
    expect(found).toBeNull()
    expect(await left()).toEqual([])
  })

  it('is answered with its own words when it cannot, once, and remembered', async () => {
    await open()
    let asked = 0
    const ask: Parameters<Preparer['overlayObstacle']>[0] = ({ mount, marker }) => {
      asked++
      // As for a Docker that has other folders under these paths.
      if (mount.kind === 'volume') mount.options.o = mount.options.o.replaceAll(dataDir, `${dataDir}-elsewhere`)
      return node.runtimes.docker.tryMount(mount, { image: IMAGE, marker })
    }
    expect(await preparer.overlayObstacle(ask)).toContain('could not be mounted')
    expect(await preparer.overlayObstacle(ask)).toContain('could not be mounted')
    expect(await preparer.overlayObstacle()).toContain('could not be mounted')
    expect(asked).toBe(1)
    expect(await left()).toEqual([])
  })

  it('is not believed when what shows is not what the agent wrote', async () => {
    const empty = join(dataDir, 'empty')
    mkdirSync(empty)
    const mount = { kind: 'directory', path: empty } as const
    const found = await node.runtimes.docker.tryMount(mount, { image: IMAGE, marker: 'marker' })
    expect(found).toContain('does not share the files of this machine')
    expect(await left()).toEqual([])
  })
})
