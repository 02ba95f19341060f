import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { file, tar } from '../../factories/tar'
import { importImage } from '../../support/engine-api'
import { filesBelow } from '../../support/files-below'
import { openRegistry, REGISTRY_LOGIN } from '../../support/registry'
import type { Registry } from '../../support/registry'
import { ENGINE_ADDRESS, openSupervisedNode } from '../../support/supervised-node'
import type { SupervisedNode } from '../../support/supervised-node'

const MARK = `strata-test/pushed-${process.pid}`

/** An image of one file. */
async function makeImage(registry: Registry, tag: string, content: Buffer): Promise<string> {
  const name = `${MARK}:${tag}`
  const tarball = Readable.from([tar(file('which', content))])
  await importImage(ENGINE_ADDRESS, { repository: MARK, tag, changes: ['CMD ["/which"]'], tarball })
  await registry.docker('image', 'inspect', name)
  return name
}

describe('images of a registry that wants a sign-in', () => {
  let registry: Registry
  let node: SupervisedNode
  let known: boolean
  let oldDigest: string
  let newDigest: string

  beforeAll(async () => {
    registry = await openRegistry()
    oldDigest = await registry.push(await makeImage(registry, 'old', randomBytes(2_000_000)), 'game:old')
    newDigest = await registry.push(await makeImage(registry, 'new', randomBytes(1_000)), 'game:new')
  })
  afterAll(async () => {
    await registry.close()
  })
  beforeEach(async () => {
    known = true
    await registry.move('game', 'old', '1')
    const registryLogin = (host: string) => (known && host === registry.host ? REGISTRY_LOGIN : null)
    node = await openSupervisedNode({ runtime: 'docker', registryLogin })
  })
  afterEach(async () => {
    await registry.start()
    await node.close()
    await registry.forget()
  })

  const spec = (image: string, change = {}) => node.spec('true', { image, command: [] }, change)
  async function prepared(image: string, change = {}, generation = 1) {
    const wanted = spec(image, change)
    const told = node.of(wanted.id).length
    await node.prepare(wanted, generation)
    return node.seen(wanted.id, 'an end of preparing', ({ state }) => state === 'PREPARED' || state === 'FAILED', told)
  }

  it('are refused without one, in words that say where to give it', async () => {
    known = false
    const failed = await prepared(registry.image('game:1'))
    expect(failed).toMatchObject({ state: 'FAILED', reason: { code: 'IMAGE_MISSING' } })
    expect(failed.reason?.message).toContain(`Give the sign-in for ${registry.host} under Settings`)
  })

  it('come with one, with progress in bytes, and are named by their digest from then on', async () => {
    const done = await prepared(registry.image('game:1'))
    expect(done.image).toEqual({
      name: registry.image('game:1'),
      reference: `${registry.image('game')}@${oldDigest}`,
    })
    expect(node.progress.some(({ step, totalBytes }) => step === 'image' && (totalBytes ?? 0) > 1_000_000)).toBe(true)
  })

  it('leave the secret in no file and no log of the node', async () => {
    await prepared(registry.image('game:1'))
    const kept = (await filesBelow(node.dataDir)).map(path => readFileSync(join(node.dataDir, path), 'latin1'))
    for (const text of [...kept, ...node.logged, JSON.stringify(node.observations)])
      expect(text).not.toContain(REGISTRY_LOGIN.password)
  })

  it('stay what they are when the tag moves on, until a fresh one is asked for', async () => {
    const first = await prepared(registry.image('game:1'))
    await registry.move('game', 'new', '1')
    // Nothing of it is left here: as on another node.
    await node.command('instance.destroy', first.instanceId)
    await node.state(first.instanceId, 'DESTROYED')
    await registry.forget()
    const again = await prepared(first.image?.reference ?? '')
    expect(again).toMatchObject({ state: 'PREPARED', image: { reference: first.image?.reference } })
    const fresh = await prepared(registry.image('game:1'), { freshImage: true })
    expect(fresh.image?.reference).toBe(`${registry.image('game')}@${newDigest}`)
  })

  it('are asked for again when the registry is away, and it is said meanwhile', async () => {
    await registry.stop()
    const wanted = spec(registry.image('game:1'))
    await node.prepare(wanted)
    const waiting = await node.seen(wanted.id, 'the wait', seen => seen.reason?.code === 'IMAGE_MISSING')
    expect(waiting).toMatchObject({ state: 'PREPARING' })
    expect(waiting.reason?.message).toMatch(/cannot be reached .* tried again in \d+ s\.$/)
    await registry.start()
    expect((await node.state(wanted.id, 'PREPARED')).reason).toBeNull()
  })

  it('that are not there are told apart from a registry that is away', async () => {
    const failed = await prepared(registry.image('game:nothing'))
    expect(failed.reason?.message).toMatch(/the registry does not have it .* Check its name and tag/)
  })

  it('are pulled no further once the server is destroyed', async () => {
    registry.signal('SIGSTOP')
    try {
      const wanted = spec(registry.image('game:1'))
      await node.prepare(wanted)
      await node.state(wanted.id, 'PREPARING')
      await node.command('instance.destroy', wanted.id)
      await node.state(wanted.id, 'DESTROYED')
    } finally {
      registry.signal('SIGCONT')
    }
  })

  it('are pulled no further once the server is stopped, and come when it is started again', async () => {
    registry.signal('SIGSTOP')
    const wanted = spec(registry.image('game:1'))
    try {
      await node.prepare(wanted)
      await node.seen(wanted.id, 'the pull', () => node.progress.some(({ step }) => step === 'image'))
      await node.command('instance.stop', wanted.id)
      expect(await node.state(wanted.id, 'STOPPED')).toMatchObject({ actor: 'system', cause: 'command', reason: null })
    } finally {
      registry.signal('SIGCONT')
    }
    await node.prepare(wanted, 2)
    await node.state(wanted.id, 'PREPARED')
    expect(node.states(wanted.id)).toEqual(['PREPARING', 'STOPPED', 'PREPARING', 'PREPARED'])
  })

  it('of no registry are named by their id, and are not looked for elsewhere', async () => {
    const local = await prepared('strata-test/busybox:1')
    expect(local.image?.reference).toMatch(/^sha256:[0-9a-f]{64}$/)
    const gone = await prepared(`sha256:${'0'.repeat(64)}`)
    expect(gone.reason?.message).toContain('no registry has it')
  })
})
