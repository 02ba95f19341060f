import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../shared/errors'
import { freePort } from '../../support/strata'
import { openSupervisedNode } from '../../support/supervised-node'
import type { SupervisedNode } from '../../support/supervised-node'
import { waitFor } from '../../support/wait-for'

/** A server that says it is ready, echoes its input, and leaves on "stop" or SIGTERM. */
const POLITE = `trap 'echo asked by signal; exit 0' TERM
echo "Server ready now"
while read -r line; do
  echo "got $line"
  case $line in stop) echo saved; exit 0;; crash) exit 3;; esac
done`

describe.each(['docker', 'process'] as const)('supervisor with %s', runtime => {
  let node: SupervisedNode
  beforeEach(async () => {
    node = await openSupervisedNode({ runtime })
  })
  afterEach(() => node.close())

  it('goes the whole way of a server, and leaves nothing', async () => {
    const spec = node.spec(POLITE, {
      ready: { log: 'ready now' },
      stop: { input: 'stop', signal: 'SIGTERM', graceSeconds: 20 },
    })
    const running = await node.start(spec)
    expect(node.states(spec.id)).toEqual(['PREPARING', 'PREPARED', 'STARTING', 'STARTING', 'RUNNING'])
    expect(running).toMatchObject({
      cause: 'ready',
      actor: 'server',
      generation: 1,
      restarts: 0,
      runtime,
      layout: 'copy',
      planHash: 'a'.repeat(16),
    })
    expect(running.startedAt).toBeGreaterThan(Date.now() - 30_000)
    expect(running.runId).toMatch(/./)
    await node.supervisor.input({ commandId: 'input-01', instanceId: spec.id, line: 'hello there' })
    await waitFor('the echo', async () =>
      (await node.supervisor.logs({ instanceId: spec.id, tail: 10 })).lines.includes('got hello there'),
    )
    await node.command('instance.stop', spec.id, 2)
    const stopped = await node.state(spec.id, 'STOPPED')
    expect(stopped).toMatchObject({
      cause: 'command',
      actor: 'system',
      startedAt: null,
      reason: null,
      exit: { code: 0 },
    })
    const { lines, runId } = await node.supervisor.logs({ instanceId: spec.id, tail: 100 })
    expect([lines.at(-1), runId]).toEqual(['saved', running.runId])
    await waitFor('the hold on layers to be given back', () => node.preparer.calls.includes(`release ${spec.id}`))
    expect(await node.runtimes[runtime].look(spec.id)).toBeNull()
    await node.command('instance.destroy', spec.id, 3)
    await node.state(spec.id, 'DESTROYED')
    expect(node.supervisor.report()).toEqual([])
    expect(node.of(spec.id).map(observation => observation.seq)).toEqual(
      [...node.of(spec.id).map(observation => observation.seq)].sort((a, b) => a - b),
    )
  })

  it('is ready when a port accepts, and when a page answers', async () => {
    const port = await freePort()
    const ports = [
      { name: 'game', protocol: 'tcp' as const, container: null, host: port, expose: 'public' as const, fixed: false },
    ]
    const http = node.spec(
      `mkdir -p /tmp/www$$; echo fine > /tmp/www$$/ok; sleep 0.5; exec busybox httpd -f -p ${port} -h /tmp/www$$`,
      { ready: { http: 'game', path: '/ok' } },
      { ports },
    )
    expect(await node.start(http)).toMatchObject({ cause: 'ready', actor: 'server' })
    await node.command('instance.kill', http.id, 2)
    await node.state(http.id, 'STOPPED')
    const missing = node.spec(
      `exec busybox httpd -f -p ${port} -h /tmp`,
      { ready: { http: 'game', path: '/no-such-page', timeoutSeconds: 1 } },
      { ports },
    )
    await node.start(missing, 'STARTING')
    const late = await node.seen(missing.id, 'to be overdue', observation => observation.reason?.code === 'OVERDUE')
    expect(late.state).toBe('STARTING')
    await node.command('instance.kill', missing.id, 2)
    await node.state(missing.id, 'STOPPED')
    const tcp = node.spec(`sleep 0.5; exec busybox httpd -f -p ${port} -h /tmp`, { ready: { tcp: 'game' } }, { ports })
    expect(await node.start(tcp)).toMatchObject({ cause: 'ready', actor: 'server' })
  })

  it('asks by signal, and kills after the grace, saying so', async () => {
    const spec = node.spec(POLITE, { ready: { log: 'ready now' }, stop: { signal: 'SIGTERM', graceSeconds: 20 } })
    await node.start(spec)
    await node.command('instance.stop', spec.id, 2)
    expect(await node.state(spec.id, 'STOPPED')).toMatchObject({ exit: { code: 0 }, reason: null })
    const stubborn = node.spec('trap "" TERM; echo up; while :; do sleep 0.1; done', {
      ready: { log: 'up' },
      stop: { input: 'please', signal: 'SIGTERM', graceSeconds: 1 },
    })
    await node.start(stubborn)
    await node.command('instance.stop', stubborn.id, 2)
    expect(await node.state(stubborn.id, 'STOPPED')).toMatchObject({
      exit: { code: 137 },
      reason: { code: 'KILLED_AFTER_GRACE' },
      cause: 'command',
    })
  })

  it('lets a kill pass a stop that waits', async () => {
    const spec = node.spec('trap "" TERM; echo up; while :; do sleep 0.1; done', {
      ready: { log: 'up' },
      stop: { signal: 'SIGTERM', graceSeconds: 600 },
    })
    await node.start(spec)
    await node.command('instance.stop', spec.id, 2)
    await node.state(spec.id, 'STOPPING')
    await node.command('instance.kill', spec.id, 2)
    expect(await node.state(spec.id, 'STOPPED')).toMatchObject({ exit: { code: 137, signal: 'SIGKILL' }, reason: null })
  })

  it('takes a clean exit for what the server wants, and a mapped code for what the template says', async () => {
    const clean = node.spec('sleep 0.3; exit 0')
    await node.start(clean)
    expect(await node.state(clean.id, 'STOPPED')).toMatchObject({
      cause: 'exit.clean',
      actor: 'server',
      exit: { code: 0 },
    })
    const mapped = node.spec(
      'n=$(cat n 2>/dev/null || echo 0); echo $((n+1)) > n; sleep 0.2; [ $n -ge 2 ] && exit 9; exit 8',
      { exitCodes: { 8: 'restart', 9: 'stop' } },
    )
    await node.start(mapped)
    expect(await node.state(mapped.id, 'STOPPED')).toMatchObject({
      cause: 'exit.clean',
      actor: 'server',
      exit: { code: 9 },
    })
    expect(new Set(node.of(mapped.id).map(observation => observation.runId)).size).toBe(4)
  })

  it('starts a crashed server again, and gives up in words', async () => {
    const spec = node.spec('echo "about to fail: $$"; exit 3')
    await node.start(spec, 'STARTING')
    const failed = await node.state(spec.id, 'FAILED')
    expect(failed).toMatchObject({
      cause: 'exit.crash',
      actor: 'server',
      restarts: 6,
      exit: { code: 3 },
      reason: { code: 'CRASH_LOOP' },
    })
    expect(failed.reason?.message).toContain('crashed 6 times')
    expect(failed.reason?.message).toContain('exit code 3')
    expect(failed.lastLines.at(-1)).toMatch(/^about to fail/)
    const delays = node.of(spec.id).filter(observation => observation.reason?.code === 'RESTART_DELAY')
    expect(delays.map(observation => observation.restarts)).toEqual([1, 2, 3, 4, 5])
    await waitFor('the container to be gone', async () => (await node.runtimes[runtime].look(spec.id)) === null)
    // A retry starts the count anew.
    const told = node.of(spec.id).length
    await node.prepare(spec, 2)
    expect(await node.state(spec.id, 'PREPARED', told)).toMatchObject({ restarts: 0, generation: 2 })
  })

  it('keeps what a flood of lines ended with', async () => {
    const spec = node.spec('echo up; yes flood | head -n 200000; echo "last words"; exit 3', {
      restart: { policy: 'never' },
    })
    await node.start(spec, 'FAILED')
    const { lastLines } = node.last(spec.id) ?? { lastLines: [] }
    expect(lastLines.at(-1)).toBe('last words')
    const { lines } = await node.supervisor.logs({ instanceId: spec.id, tail: 10_000 })
    expect(lines.some(line => /^… \d+ lines cut/.test(line))).toBe(true)
  })

  it('stops a server that waits for its next start', async () => {
    node.settings.restart = { delaysMs: [60_000], healthyAfterMs: 600_000 } as unknown as typeof node.settings.restart
    await node.restartAgent()
    const spec = node.spec('exit 1')
    await node.start(spec, 'STARTING')
    await node.seen(spec.id, 'to wait', observation => observation.reason?.code === 'RESTART_DELAY')
    await node.command('instance.stop', spec.id, 2)
    expect(await node.state(spec.id, 'STOPPED')).toMatchObject({ cause: 'command', actor: 'system' })
  })

  it('adopts what runs, with the same start time, and reads on where it stopped', async () => {
    const spec = node.spec(POLITE, {
      ready: { log: 'ready now' },
      stop: { input: 'stop', signal: 'SIGTERM', graceSeconds: 20 },
    })
    const before = await node.start(spec)
    await node.restartAgent()
    expect(node.supervisor.report()).toMatchObject([
      { state: 'RUNNING', runId: before.runId, startedAt: before.startedAt, restarts: 0, name: spec.name },
    ])
    await node.supervisor.input({ commandId: 'input-01', instanceId: spec.id, line: 'one' })
    await waitFor('the echo', async () =>
      (await node.supervisor.logs({ instanceId: spec.id, tail: 100 })).lines.includes('got one'),
    )
    const { lines } = await node.supervisor.logs({ instanceId: spec.id, tail: 100 })
    expect(lines).toEqual(['Server ready now', 'got one'])
    expect(node.of(spec.id).at(-1)?.startedAt).toBe(before.startedAt)
  })

  it('judges what ended while the agent was away', async () => {
    const spec = node.spec(POLITE, { ready: { log: 'ready now' } })
    const before = await node.start(spec)
    await node.supervisor.input({ commandId: 'input-01', instanceId: spec.id, line: 'hello' })
    await node.closeAgent()
    await node.runtimes[runtime].signal({ instanceId: spec.id, runId: before.runId ?? '' }, 'SIGKILL')
    const told = node.of(spec.id).length
    await node.openAgent()
    const crashed = await node.seen(spec.id, 'the crash', observation => observation.cause === 'exit.crash', told)
    expect(crashed).toMatchObject({ state: 'STARTING', exit: { code: 137 }, restarts: 1 })
    expect((await node.state(spec.id, 'RUNNING', told)).runId).not.toBe(before.runId)
  })

  it('starts again what a restart of the machine ended, and counts it for nothing', async () => {
    const spec = node.spec(POLITE, { ready: { log: 'ready now' }, restart: { policy: 'never' } })
    const before = await node.start(spec)
    await node.closeAgent()
    await node.runtimes[runtime].signal({ instanceId: spec.id, runId: before.runId ?? '' }, 'SIGKILL')
    node.settings.bootId = 'another-boot'
    const told = node.of(spec.id).length
    await node.openAgent()
    expect(
      await node.seen(spec.id, 'the restart', observation => observation.reason?.code === 'MACHINE_RESTARTED', told),
    ).toMatchObject({ restarts: 0 })
    expect((await node.state(spec.id, 'RUNNING', told)).runId).not.toBe(before.runId)
  })

  it('goes on with a stop that a dead agent began', async () => {
    const spec = node.spec('trap "" TERM; echo up; while :; do sleep 0.1; done', {
      ready: { log: 'up' },
      stop: { signal: 'SIGTERM', graceSeconds: 3 },
    })
    await node.start(spec)
    await node.command('instance.stop', spec.id, 2)
    await node.state(spec.id, 'STOPPING')
    await node.restartAgent()
    expect(await node.state(spec.id, 'STOPPED')).toMatchObject({ reason: { code: 'KILLED_AFTER_GRACE' } })
  })

  it('names a port that is taken, and leaves nothing', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const ports = [
      { name: 'game', protocol: 'tcp' as const, container: null, host: port, expose: 'public' as const, fixed: false },
    ]
    const spec = node.spec('sleep 60', {}, { ports })
    const failed = await node.start(spec, 'FAILED')
    await new Promise(resolve => server.close(resolve))
    expect(failed).toMatchObject({
      reason: { code: 'PORT_TAKEN' },
      takenPort: { protocol: 'tcp', host: port, name: 'game' },
    })
    await waitFor('the rest to be gone', async () => (await node.runtimes[runtime].look(spec.id)) === null)
  })

  it('refuses what is stale, does once what comes twice, and tells again what is true', async () => {
    const spec = node.spec(POLITE, { ready: { log: 'ready now' } })
    await node.prepare(spec, 5, 'prepare-1')
    await node.state(spec.id, 'PREPARED')
    await node.prepare(spec, 5, 'prepare-1')
    await node.prepare(spec, 5, 'prepare-2')
    expect(node.preparer.calls.filter(call => call.startsWith('prepare'))).toHaveLength(1)
    expect(node.last(spec.id)?.state).toBe('PREPARED')
    await expect(node.command('instance.start', spec.id, 4)).rejects.toMatchObject({ code: 'STALE_COMMAND' })
    await node.command('instance.start', spec.id, 5, 'start-001')
    await node.command('instance.start', spec.id, 5, 'start-001')
    const { runId } = await node.state(spec.id, 'RUNNING')
    await node.command('instance.start', spec.id, 5, 'start-002')
    expect(node.last(spec.id)).toMatchObject({ state: 'RUNNING', runId })
    await expect(node.prepare(spec, 6)).rejects.toMatchObject({ code: 'INVALID_TRANSITION' })
    await expect(node.command('instance.start', 'unknown-one', 1)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await node.command('instance.destroy', 'unknown-one', 7)
    expect(node.last('unknown-one')).toMatchObject({ state: 'DESTROYED', generation: 7 })
  })

  it('replaces a prepare by a newer one, and ends it for a destroy', async () => {
    const gate = Promise.withResolvers<void>()
    node.preparer.gate = gate.promise
    const spec = node.spec('sleep 60')
    await node.prepare(spec, 1)
    await waitFor('the first to begin', () => node.preparer.calls.length === 1)
    await node.prepare({ ...spec, name: 'Newer' }, 2)
    await waitFor('the second to begin', () => node.preparer.calls.length === 2)
    gate.resolve()
    expect(await node.state(spec.id, 'PREPARED')).toMatchObject({ generation: 2 })
    node.preparer.gate = new Promise(() => {})
    await node.prepare(spec, 3)
    await waitFor('the third to begin', () => node.preparer.calls.length === 3)
    await node.command('instance.destroy', spec.id, 4)
    await node.state(spec.id, 'DESTROYED')
    expect(node.preparer.calls.at(-1)).toBe(`discard ${spec.id}`)
  })

  it('tells in words what preparing failed at, and prepares again', async () => {
    node.preparer.failure = new AppError('DISK_FULL', 'The disk is full, says the test.')
    const spec = node.spec('sleep 60')
    await node.prepare(spec, 1)
    expect(await node.state(spec.id, 'FAILED')).toMatchObject({
      reason: { code: 'DISK_FULL', message: 'The disk is full, says the test.' },
    })
    await node.prepare(spec, 2)
    await node.state(spec.id, 'PREPARED')
    expect(await node.runtimes[runtime].look(spec.id)).toMatchObject({ state: 'created' })
    // Nobody starts it, so it keeps nothing of a run.
    await waitFor('the proof to go', async () => (await node.runtimes[runtime].look(spec.id)) === null)
    await node.command('instance.start', spec.id, 2)
    await node.state(spec.id, 'RUNNING')
  })

  it('streams the console and measures while somebody watches', async () => {
    const spec = node.spec('echo first; while read -r line; do echo "got $line"; done', { ready: { log: 'first' } })
    const { runId } = await node.start(spec)
    await node.supervisor.watch(spec.id)
    expect(node.console).toEqual([{ instanceId: spec.id, runId, from: 0, lines: ['first'] }])
    await node.supervisor.input({ commandId: 'input-01', instanceId: spec.id, line: 'a' })
    await waitFor('the line', () => node.console.at(-1)?.lines.includes('got a'))
    expect(node.console.at(-1)?.from).toBe(1)
    await waitFor('a sample', () => node.stats[0])
    expect(node.stats[0]?.memoryBytes).toBeGreaterThan(0)
    expect(node.supervisor.watchedCount()).toBe(1)
    node.supervisor.unwatch(spec.id)
    const heard = node.console.length
    await node.supervisor.input({ commandId: 'input-02', instanceId: spec.id, line: 'b' })
    await waitFor('the echo', async () =>
      (await node.supervisor.logs({ instanceId: spec.id, tail: 1 })).lines.includes('got b'),
    )
    expect(node.console).toHaveLength(heard)
  })
})
