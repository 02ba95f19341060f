import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PortTaken } from '../../agent/runtime/container-runtime'
import type { ContainerRuntime, OutputLine, RunSpec, RunStatus } from '../../agent/runtime/container-runtime'
import { isAppError } from '../../shared/errors'
import { freePort } from '../support/strata'
import { waitFor } from '../support/wait-for'

export interface RuntimeDriver {
  kind: 'docker' | 'process'
  /** A runtime on a node's data folder; called again on the same folder it is the next agent. */
  create(dataDir: string): ContainerRuntime
  image: string
  /** A port in the server's own network or on the machine: where the server listens when players use `host`. */
  listenPort(host: number): number
}

let counter = 0

/** What the supervisor relies on, whatever runs the servers. The servers are shell programs. */
export function describeRuntime(driver: RuntimeDriver): void {
  describe(`runtime: ${driver.kind}`, { timeout: 60_000 }, () => {
    let dataDir: string
    let runtime: ContainerRuntime
    let changes: string[]
    const instanceId = () => `contract-${process.pid}-${counter}`

    beforeEach(async () => {
      counter++
      // Below /tmp and open to walk through: servers run as another user.
      dataDir = mkdtempSync(join(tmpdir(), 'strata-runtime-'))
      chmodSync(dataDir, 0o755)
      changes = []
      runtime = await open()
    })
    afterEach(async () => {
      await runtime.discard(instanceId())
      await runtime.close()
      rmSync(dataDir, { recursive: true, force: true })
    })

    async function open(): Promise<ContainerRuntime> {
      const opened = driver.create(dataDir)
      await opened.open({ changed: id => changes.push(id), engineChanged: () => {} })
      return opened
    }

    function run(script: string, change: Partial<RunSpec> = {}): RunSpec {
      const path = join(dataDir, 'stack')
      mkdirSync(path, { recursive: true })
      writeFileSync(join(path, 'hello.txt'), 'hello from the stack\n')
      if (process.getuid?.() === 0) chownSync(path, 1000, 1000)
      return {
        instanceId: instanceId(),
        runId: 'run-1',
        generation: 3,
        planHash: 'abc123',
        mount: { kind: 'directory', path },
        image: driver.image,
        command: ['sh', '-c', script],
        workdir: '/server',
        env: { GREETING: 'hi "there" $HOME' },
        ports: [],
        resources: { memoryMb: 64, cpus: 1, pids: 64 },
        stopSignal: 'SIGTERM',
        stopGraceSeconds: 5,
        ...change,
      }
    }

    async function startRun(script: string, change: Partial<RunSpec> = {}) {
      const spec = run(script, change)
      await runtime.create(spec)
      const { startedAt } = await runtime.start(spec)
      return { spec, startedAt }
    }

    const lookFor = (state: RunStatus['state']) =>
      waitFor(`the run to be ${state}`, async () => {
        const status = await runtime.look(instanceId())
        return status?.state === state && status
      })

    async function readAll(spec: RunSpec, position: string | null = null): Promise<OutputLine[]> {
      const lines: OutputLine[] = []
      for await (const batch of runtime.output(spec, position, new AbortController().signal)) lines.push(...batch)
      return lines
    }

    /** Reads on until a line contains the text. */
    async function readUntil(spec: RunSpec, text: string, position: string | null = null): Promise<OutputLine[]> {
      const lines: OutputLine[] = []
      const stop = new AbortController()
      for await (const batch of runtime.output(spec, position, stop.signal)) {
        lines.push(...batch)
        if (lines.some(line => line.text.includes(text))) stop.abort()
      }
      return lines
    }

    it('creates without starting, starts, and tells the same start time from then on', async () => {
      const spec = run('sleep 60')
      await runtime.create(spec)
      await runtime.create(spec)
      expect(await runtime.look(instanceId())).toMatchObject({
        state: 'created',
        runId: 'run-1',
        generation: 3,
        planHash: 'abc123',
        startedAt: null,
        exit: null,
      })
      const { startedAt } = await runtime.start(spec)
      expect(Math.abs(Date.now() - startedAt)).toBeLessThan(10_000)
      expect(await runtime.start(spec)).toEqual({ startedAt })
      expect(await runtime.look(instanceId())).toMatchObject({ state: 'running', startedAt, exit: null })
      expect((await runtime.list()).map(found => found.instanceId)).toContain(instanceId())
      await expect(runtime.create({ ...spec, runId: 'run-2' })).rejects.toMatchObject({ code: 'CONFLICT' })
    })

    it('runs in the stack, as the user of the node, with the environment that was given and nothing else', async () => {
      process.env.STRATA_TEST_SENTINEL = 'sentinel-of-the-agent'
      const { spec } = await startRun(
        'cat hello.txt; echo "$GREETING"; id -u; env; echo own > mine.txt; cat < /proc/self/status | grep -i nonewprivs',
      )
      await lookFor('exited')
      const lines = (await readAll(spec)).map(line => line.text)
      delete process.env.STRATA_TEST_SENTINEL
      const uid = process.getuid?.() === 0 ? 1000 : process.getuid?.()
      expect(lines.slice(0, 3)).toEqual(['hello from the stack', 'hi "there" $HOME', String(uid)])
      expect(lines.join('\n')).not.toContain('sentinel-of-the-agent')
      expect(readFileSync(join(dataDir, 'stack', 'mine.txt'), 'utf8')).toBe('own\n')
    })

    it.each([
      ['exit 0', 0, null],
      ['exit 1', 1, null],
      ['exit 126', 126, null],
      ['nosuchprogram', 127, null],
      ['kill -9 $$', 137, 'SIGKILL'],
      ['kill -15 $$', 143, 'SIGTERM'],
    ])('keeps the exit of %j until the run is removed', async (script, code, signal) => {
      await startRun(script)
      const ended = await lookFor('exited')
      expect(ended.exit).toMatchObject({ code, signal, outOfMemory: false })
      await waitFor('the end to be told', () => changes.includes(instanceId()))
      await runtime.remove(instanceId())
      await runtime.remove(instanceId())
      expect(await runtime.look(instanceId())).toBeNull()
    })

    it('gives the output from the beginning, and from a position on', async () => {
      const long = 'x'.repeat(40_000)
      const { spec } = await startRun(
        `echo first; echo second >&2; printf 'gr\\303\\274n\\n10%%\\r100%%\\r\\n'; printf '%s\\n' ${long}; printf last`,
      )
      await lookFor('exited')
      const lines = await readAll(spec)
      const texts = lines.map(line => line.text)
      expect(texts.filter(text => text !== 'second').slice(0, 3)).toEqual(['first', 'grün', '100%'])
      expect(texts).toContain('second')
      expect(texts.at(-1)).toBe('last')
      expect(texts.at(-2)?.length).toBeLessThan(17_000)
      expect(texts.at(-2)).toMatch(/^x{16000}.*line cut/)
      const position = lines.find(line => line.text === 'grün')?.position ?? ''
      const later = (await readAll(spec, position)).map(line => line.text)
      expect(later).not.toContain('first')
      expect(later.at(-1)).toBe('last')
    })

    it('takes lines for its input, one at a time, from one agent after the other', async () => {
      const { spec } = await startRun('while read -r line; do echo "got $line"; done; echo closed')
      await runtime.input(spec, 'one')
      await runtime.input(spec, 'two $(three)')
      const lines = await readUntil(spec, 'two')
      expect(lines.map(line => line.text)).toEqual(['got one', 'got two $(three)'])
      await runtime.close()
      runtime = await open()
      await runtime.input(spec, 'four')
      const more = await readUntil(spec, 'four', lines.at(-1)?.position ?? null)
      expect(more.map(line => line.text)).toEqual(['got four'])
      await runtime.signal(spec, 'SIGKILL')
      await lookFor('exited')
      await expect(runtime.input(spec, 'five')).rejects.toMatchObject({ code: 'INSTANCE_NOT_RUNNING' })
    })

    it('sends the signal that asks, and the one that does not', async () => {
      const { spec } = await startRun('trap "echo saving; exit 7" TERM; echo ready; while :; do sleep 0.1; done')
      await readUntil(spec, 'ready')
      expect(await runtime.signal(spec, 'SIGTERM')).toBe(true)
      expect((await lookFor('exited')).exit).toMatchObject({ code: 7, signal: null })
      expect(await runtime.signal(spec, 'SIGTERM')).toBe(false)
      const next = await startRun('trap "" TERM; sleep 300 & sleep 300', { runId: 'run-2' })
      expect(await runtime.signal({ ...next.spec, runId: 'run-1' }, 'SIGKILL')).toBe(false)
      expect(await runtime.signal(next.spec, 'SIGKILL')).toBe(true)
      expect((await lookFor('exited')).exit).toMatchObject({ code: 137, signal: 'SIGKILL' })
    })

    it('is found by the next agent, with the same start time, and its exit too', async () => {
      const { spec, startedAt } = await startRun('read -r line; exit 9')
      await runtime.close()
      runtime = await open()
      expect(await runtime.look(instanceId())).toMatchObject({ state: 'running', runId: 'run-1', startedAt })
      await runtime.input(spec, 'go')
      expect((await lookFor('exited')).exit).toMatchObject({ code: 9 })
    })

    it('names the port that is taken', async () => {
      const server = createServer()
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      const ports = [
        {
          name: 'game',
          protocol: 'tcp' as const,
          container: driver.listenPort(port),
          host: { addresses: ['127.0.0.1'], port },
        },
      ]
      const spec = run('sleep 60', { ports })
      await runtime.create(spec)
      const error: unknown = await runtime.start(spec).catch((thrown: unknown) => thrown)
      await new Promise(resolve => server.close(resolve))
      expect(error).toBeInstanceOf(PortTaken)
      expect(error).toMatchObject({ code: 'PORT_TAKEN', port: { protocol: 'tcp', host: port, name: 'game' } })
      // Free again: the same run starts.
      await runtime.start(spec)
      await lookFor('running')
    })

    it('says that a program is not there', async () => {
      const spec = run('', { command: ['no-such-program-anywhere'] })
      await runtime.create(spec)
      // Found out before, or by the exit code that says so.
      const error: unknown = await runtime.start(spec).catch((thrown: unknown) => thrown)
      if (isAppError(error))
        expect(error).toMatchObject({
          code: 'START_FAILED',
          detail: expect.stringContaining('no-such-program-anywhere'),
        })
      else expect((await lookFor('exited')).exit?.code).toBe(127)
    })

    it('refuses a mount that is not there and leaves nothing', async () => {
      const spec = run('sleep 1', { mount: { kind: 'directory', path: join(dataDir, 'nowhere') } })
      const error: unknown = await runtime.create(spec).catch((thrown: unknown) => thrown)
      expect(isAppError(error) && ['LAYOUT_FAILED', 'START_FAILED'].includes(error.code)).toBe(true)
      expect(await runtime.look(instanceId())).toBeNull()
    })

    it('tells where a running server is reached by the agent', async () => {
      const host = await freePort()
      const port = driver.listenPort(host)
      const ports = [
        { name: 'game', protocol: 'tcp' as const, container: port, host: { addresses: ['127.0.0.1'], port: host } },
      ]
      const { spec } = await startRun(`busybox nc -l -p ${port} || sleep 60`, { ports })
      expect(await runtime.address(spec, port)).toMatchObject({ port })
    })

    it('measures a busy server', async () => {
      const { spec } = await startRun('while :; do :; done')
      const first = await runtime.usage(spec)
      expect(first?.memoryBytes).toBeGreaterThan(0)
      await waitFor('CPU time to pass', async () => {
        const now = await runtime.usage(spec)
        return first && now && now.at > first.at && now.cpuSeconds > first.cpuSeconds + 0.3
      })
      expect(await runtime.usage({ ...spec, runId: 'another-run' })).toBeNull()
      await runtime.signal(spec, 'SIGKILL')
      await waitFor('the end', async () => (await runtime.look(spec.instanceId))?.state === 'exited')
      expect(await runtime.usage(spec)).toBeNull()
    })

    it('removes a run that is alive, with all it started', async () => {
      const nap = `sleep 9${process.pid}`
      await startRun(`trap "" TERM HUP; ${nap} & ${nap}`)
      await runtime.discard(instanceId())
      expect(await runtime.look(instanceId())).toBeNull()
      const left = readdirSync('/proc').filter(name => /^\d+$/.test(name) && cmdline(name).includes(nap))
      expect(left).toEqual([])
    })
  })
}

function cmdline(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '' // ended meanwhile
  }
}
