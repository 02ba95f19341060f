import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Consoles } from '../../../../agent/runtime/console'
import type { ContainerRuntime, OutputLine } from '../../../../agent/runtime/container-runtime'
import { RunAttendant } from '../../../../agent/supervisor/run-attendant'
import { POLICY } from '../../../../shared/domain/policy'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'strata-attendant-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('who stands by a run', () => {
  it('hears that it is ready also in the middle of a flood', async () => {
    const lines = Array.from({ length: POLICY.console.floodLines * 3 }, (_, at): OutputLine => ({
      position: String(at),
      text: at === POLICY.console.floodLines * 2 ? 'Server Booted' : `line ${at}`,
      at: 1_000,
    }))
    async function* output(_run: unknown, _position: unknown, signal: AbortSignal) {
      yield lines
      await new Promise(resolve => signal.addEventListener('abort', resolve))
    }
    const ready = Promise.withResolvers<void>()
    const attendant = new RunAttendant({
      runtime: { output } as unknown as ContainerRuntime,
      run: { instanceId: 'i-test', runId: 'run-1' },
      console: await new Consoles(folder).open('i-test', 'run-1'),
      ready: { log: 'Server Booted' },
      readyPort: null,
      events: {
        lines() {},
        stats() {},
        ready: ready.resolve,
        outputEnded() {},
        warn: (_message, error) => ready.reject(error),
      },
    })
    attendant.awaitReady()
    await ready.promise
    await attendant.leave()
  })

  it('answers with as many lines as the channel takes', async () => {
    const console = await new Consoles(folder).open('i-test', 'run-1')
    const text = '\u0001'.repeat(10_000)
    await console.write(Array.from({ length: 20 }, (_, at) => ({ position: String(at), text, at: null })))
    const { lines, truncated } = await console.read(1_000)
    expect(truncated).toBe(true)
    expect(lines.length).toBeGreaterThan(0)
    expect(Buffer.byteLength(JSON.stringify(lines))).toBeLessThan(POLICY.channel.messageBytes)
  })
})
