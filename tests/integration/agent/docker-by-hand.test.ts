import Dockerode from 'dockerode'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ENGINE_ADDRESS, openSupervisedNode } from '../../support/supervised-node'
import type { SupervisedNode } from '../../support/supervised-node'
import { waitFor } from '../../support/wait-for'

const docker = new Dockerode({ socketPath: ENGINE_ADDRESS.replace('unix://', '') })
const NOTICED_WITHIN_MS = 5_000

/** What people and other programs do to containers behind Strata's back. */
describe('containers touched by hand', () => {
  let node: SupervisedNode
  beforeEach(async () => {
    node = await openSupervisedNode({ runtime: 'docker' })
  })
  afterEach(() => node.close())

  const container = (id: string) => docker.getContainer(`strata-${id}`)
  const noticed = async (id: string, what: string, isIt: Parameters<SupervisedNode['seen']>[2], after: number) => {
    const since = performance.now()
    const observation = await node.seen(id, what, isIt, after)
    expect(performance.now() - since).toBeLessThan(NOTICED_WITHIN_MS)
    return observation
  }

  async function running(script = 'echo up; while read -r line; do echo "got $line"; done') {
    const spec = node.spec(script, { ready: { log: 'up' } })
    const observation = await node.start(spec)
    return { id: spec.id, observation, told: node.of(spec.id).length }
  }

  it('takes a kill for a crash and starts again', async () => {
    const { id, observation, told } = await running()
    await container(id).kill()
    const crash = await noticed(id, 'the crash', seen => seen.cause === 'exit.crash', told)
    expect(crash).toMatchObject({
      exit: { code: 137, outOfMemory: false },
      restarts: 1,
      reason: { code: 'RESTART_DELAY' },
    })
    expect(crash.reason?.message).toContain('not for its use of memory')
    expect((await node.state(id, 'RUNNING', told)).runId).not.toBe(observation.runId)
  })

  it('notices a container that was removed, and makes another', async () => {
    const { id, told } = await running()
    await container(id).remove({ force: true })
    const gone = await noticed(id, 'the loss', seen => seen.state === 'STARTING', told)
    expect(gone.restarts).toBe(1)
    await node.state(id, 'RUNNING', told)
    const found = await docker.listContainers({ all: true, filters: { label: [`strata.instance=${id}`] } })
    expect(found).toHaveLength(1)
  })

  it('says that a server is frozen, stops it all the same, and says when it was thawed', async () => {
    const { id, told } = await running()
    await container(id).pause()
    expect(await noticed(id, 'the freeze', seen => seen.reason?.code === 'PAUSED', told)).toMatchObject({
      state: 'RUNNING',
    })
    await container(id).unpause()
    await noticed(id, 'the thaw', seen => seen.reason === null, told + 1)
    await container(id).pause()
    await node.seen(id, 'the second freeze', seen => seen.reason?.code === 'PAUSED', told + 2)
    await node.command('instance.stop', id, 2)
    await node.state(id, 'STOPPED')
  })

  it('gives a renamed container its name back', async () => {
    const { id, observation } = await running()
    await container(id).rename({ name: `lost-${id}` })
    await waitFor(
      'the name to be back',
      async () => (await container(id).inspect()).Name === `/strata-${id}`,
      NOTICED_WITHIN_MS,
    )
    expect(node.last(id)).toMatchObject({ state: 'RUNNING', runId: observation.runId })
    await node.command('instance.kill', id, 2)
    await node.state(id, 'STOPPED')
  })

  it('tells running out of memory from being killed', async () => {
    const spec = node.spec('echo up; sleep 0.5; exec tail /dev/zero', {
      ready: { log: 'up' },
      resources: { memoryMb: 16 },
      restart: { policy: 'never' },
    })
    await node.start(spec)
    const failed = await node.state(spec.id, 'FAILED')
    expect(failed).toMatchObject({ reason: { code: 'OUT_OF_MEMORY' }, exit: { outOfMemory: true } })
    expect(failed.reason?.message).toContain('16 MB')
  })

  it('leaves a container alone that another one made under its name', async () => {
    const spec = node.spec('sleep 60')
    const strange = await docker.createContainer({
      name: `strata-${spec.id}`,
      Image: 'strata-test/busybox:1',
      Cmd: ['true'],
    })
    try {
      await node.prepare(spec)
      const failed = await node.state(spec.id, 'FAILED')
      expect(failed.reason).toMatchObject({ code: 'CONFLICT' })
      expect(failed.reason?.message).toContain(`strata-${spec.id}`)
      expect((await strange.inspect()).Id).toBe(strange.id)
      await node.command('instance.destroy', spec.id, 2)
      await node.state(spec.id, 'DESTROYED')
      expect((await strange.inspect()).Id).toBe(strange.id)
    } finally {
      await strange.remove({ force: true })
    }
  })

  it('says in words that an image can be had nowhere', async () => {
    const spec = node.spec('true', { image: '127.0.0.1:9/no-such-image:1' })
    await node.prepare(spec)
    const failed = await node.state(spec.id, 'FAILED')
    expect(failed.reason?.code).toBe('IMAGE_MISSING')
    expect(failed.reason?.message).toContain('127.0.0.1:9/no-such-image:1')
  })

  it('falls back to a plain process only where that is allowed, says why, and stays there', async () => {
    const spec = node.spec(
      'echo up; while read -r line; do [ "$line" = stop ] && exit 0; done',
      { image: '127.0.0.1:9/no-such-image:1', ready: { log: 'up' } },
      { allowProcessFallback: true },
    )
    const running = await node.start(spec)
    expect(running).toMatchObject({ runtime: 'process', layout: 'copy', reason: { code: 'PROCESS_RUNTIME' } })
    expect(running.reason?.message).toMatch(/nothing isolates it.*no-such-image/)
    await node.command('instance.kill', spec.id, 2)
    await node.state(spec.id, 'STOPPED')
    const told = node.of(spec.id).length
    await node.prepare({ ...spec, runtime: { ...spec.runtime, image: 'strata-test/busybox:1' } }, 3)
    expect(await node.state(spec.id, 'PREPARED', told)).toMatchObject({ runtime: 'process' })
  })
})
