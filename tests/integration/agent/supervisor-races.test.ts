import { existsSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RecordStore } from '../../../agent/record'
import { ProcessRunFolders } from '../../../agent/runtime/process-run'
import { AppError } from '../../../shared/errors'
import { agentRecord } from '../../factories/agent-record'
import { openSupervisedNode } from '../../support/supervised-node'
import type { SupervisedNode } from '../../support/supervised-node'
import { waitFor } from '../../support/wait-for'

const POLITE = `trap 'exit 0' TERM
echo up
while :; do sleep 0.05; done`
const READY = { ready: { log: 'up' }, stop: { signal: 'SIGTERM' as const, graceSeconds: 20 } }

const diskFull = () => Promise.reject(new AppError('DISK_FULL', 'The disk is full.'))

describe('what comes in the middle of something', () => {
  let node: SupervisedNode
  beforeEach(async () => {
    node = await openSupervisedNode({ runtime: 'process' })
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await node.close()
  })

  /** Holds the next call of a method of the runtime until it is let go; `reached` resolves when it is there. */
  function hold(method: 'create' | 'start', error?: AppError) {
    const reached = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const real = node.runtimes.process[method].bind(node.runtimes.process) as (run: never) => Promise<never>
    const spy = vi.spyOn(node.runtimes.process, method)
    spy.mockImplementationOnce(async run => {
      const done = error ? null : await real(run as never)
      reached.resolve()
      await gate.promise
      if (error) throw error
      return done as never
    })
    return { reached: reached.promise, letGo: gate.resolve }
  }

  it('a newer wish while a prepare ends: what is laid out is the newer one', async () => {
    const spec = node.spec(POLITE, READY, { variables: { GREETING: 'old' } })
    const held = hold('create')
    await node.prepare(spec, 1)
    await held.reached
    const accepted = node.prepare({ ...spec, variables: { GREETING: 'new' } }, 2)
    held.letGo()
    await accepted
    const prepared = await node.seen(
      spec.id,
      'generation 2',
      ({ state, generation }) => state === 'PREPARED' && generation === 2,
    )
    expect(prepared.reason?.code).toBe('PROCESS_RUNTIME')
    expect(readFileSync(join(node.dataDir, 'stacks', spec.id, 'hello.txt'), 'utf8')).toBe('new\n')
  })

  it('a wish to destroy while a start fails: destroyed', async () => {
    const spec = node.spec(POLITE, READY)
    await node.prepare(spec)
    await node.state(spec.id, 'PREPARED')
    const held = hold('start', new AppError('START_FAILED', 'It cannot be started.'))
    await node.command('instance.start', spec.id)
    await held.reached
    await node.command('instance.destroy', spec.id, 2)
    held.letGo()
    await node.state(spec.id, 'DESTROYED')
  })

  it('a full disk: what runs can be stopped and destroyed, nothing new is begun', async () => {
    const spec = node.spec(POLITE, READY)
    await node.start(spec)
    const save = vi.spyOn(node.store, 'save').mockImplementation(diskFull)
    await expect(node.prepare(node.spec(POLITE))).rejects.toMatchObject({ code: 'DISK_FULL' })
    await node.command('instance.stop', spec.id, 2)
    await node.state(spec.id, 'STOPPED')
    await expect(node.prepare(spec, 3)).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(node.supervisor.report()).toMatchObject([{ state: 'STOPPED', generation: 1 }])
    save.mockRestore()
    await node.prepare(spec, 3)
    await node.seen(spec.id, 'laid out anew', ({ state, generation }) => state === 'PREPARED' && generation === 3)
    vi.spyOn(node.store, 'save').mockImplementation(diskFull)
    await node.command('instance.destroy', spec.id, 4)
    await node.state(spec.id, 'DESTROYED')
  })

  it('a run that cannot be written down is not started', { timeout: 20_000 }, async () => {
    const spec = node.spec(POLITE, READY)
    await node.prepare(spec)
    await node.state(spec.id, 'PREPARED')
    const real = node.store.save.bind(node.store)
    const save = vi.spyOn(node.store, 'save').mockImplementationOnce(real).mockImplementation(diskFull)
    await node.command('instance.start', spec.id)
    await node.seen(spec.id, 'a full disk', ({ reason }) => reason?.code === 'DISK_FULL')
    expect((await node.runtimes.process.look(spec.id))?.state).not.toBe('running')
    save.mockRestore()
    expect(await node.state(spec.id, 'RUNNING')).toMatchObject({ reason: { code: 'PROCESS_RUNTIME' }, restarts: 0 })
  })

  it('a record that was lost: the server that runs is neither changed nor killed by a prepare', async () => {
    const spec = node.spec(POLITE, READY)
    await node.start(spec)
    const { runId } = (await node.runtimes.process.look(spec.id)) ?? {}
    await node.closeAgent()
    writeFileSync(join(node.dataDir, 'instances', `${spec.id}.json`), 'not a record')
    await node.openAgent()
    node.preparer.calls.length = 0
    await node.prepare(spec, 2)
    const failed = await node.state(spec.id, 'FAILED')
    expect(failed.reason).toMatchObject({ code: 'CONFLICT', message: expect.stringContaining(runId ?? '?') as string })
    expect(node.preparer.calls).toEqual([])
    expect(await node.runtimes.process.look(spec.id)).toMatchObject({ runId, state: 'running' })
  })

  it('an engine that refuses a start: no crash is counted, it is said once, and the start works when the engine does', async () => {
    const spec = node.spec(POLITE, { ...READY, restart: { policy: 'never' } })
    const start = node.runtimes.process.start.bind(node.runtimes.process)
    let tries = 0
    vi.spyOn(node.runtimes.process, 'start').mockImplementation(run => {
      if (++tries <= 8) throw new AppError('ENGINE_ERROR', 'Docker was asked to start it and answered 500: no space.')
      return start(run)
    })
    const running = await node.start(spec)
    expect(running).toMatchObject({ state: 'RUNNING', restarts: 0 })
    const told = node.of(spec.id)
    expect(told.filter(({ state }) => state === 'FAILED')).toEqual([])
    const reasons = told.filter(({ reason }) => reason?.code === 'ENGINE_ERROR')
    expect(reasons).toHaveLength(1)
    expect(reasons[0]).toMatchObject({
      restarts: 0,
      reason: { message: expect.stringContaining("not the server's doing") as string },
    })
  })

  it('cleaning that fails: why the server ended is told, not that', { timeout: 20_000 }, async () => {
    const spec = node.spec('exit 3', { restart: { policy: 'never' } })
    vi.spyOn(node.runtimes.process, 'discard').mockRejectedValueOnce(new AppError('ENGINE_ERROR', 'It hangs.'))
    await node.start(spec, 'FAILED')
    await waitFor('the second try', () => node.preparer.calls.includes(`release ${spec.id}`))
    expect(node.last(spec.id)?.reason?.code).toBe('CRASHED')
  })

  it('a shell whose identity cannot be written down does not wait for ever', async () => {
    const spec = node.spec(POLITE, READY)
    await node.prepare(spec)
    await node.state(spec.id, 'PREPARED')
    vi.spyOn(ProcessRunFolders.prototype, 'write').mockRejectedValue(
      Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }),
    )
    await node.command('instance.start', spec.id)
    await node.seen(spec.id, 'a full disk', ({ reason }) => reason?.code === 'DISK_FULL')
    await waitFor('the shell to end', () => inside(join(node.dataDir, 'stacks', spec.id)).length === 0)
  })
})

describe('what the agent before left', () => {
  it('a record of what is destroyed goes', async () => {
    const node = await openSupervisedNode({ runtime: 'process' })
    await node.closeAgent()
    await new RecordStore(node.dataDir).save(agentRecord({ state: 'DESTROYED', wanted: 'destroyed' }))
    await node.openAgent()
    expect(node.supervisor.report()).toEqual([])
    expect(existsSync(join(node.dataDir, 'instances', 'i-test.json'))).toBe(false)
    await node.close()
  })

  it('nothing is called destroyed while Docker does not answer', async () => {
    const node = await openSupervisedNode({ runtime: 'docker', engineAddress: 'unix:///nowhere/docker.sock' })
    await expect(node.command('instance.destroy', 'i-unknown', 3)).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    expect(node.observations).toEqual([])
    await node.close()
  })
})

/** Processes that work in a folder. */
function inside(folder: string): string[] {
  return readdirSync('/proc').filter(pid => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`) === folder
    } catch {
      return false // ended meanwhile
    }
  })
}
