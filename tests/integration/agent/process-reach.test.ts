import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RunSpec } from '../../../agent/runtime/container-runtime'
import { ProcessRuntime } from '../../../agent/runtime/process'
import { waitFor } from '../../support/wait-for'

const isRoot = process.getuid?.() === 0
const id = `reach-${process.pid}`
let closed: string
let dataDir: string
let runtime: ProcessRuntime

beforeEach(async () => {
  closed = mkdtempSync(join(tmpdir(), 'strata-closed-'))
  dataDir = join(closed, 'data')
  const stack = join(dataDir, 'stack')
  mkdirSync(stack, { recursive: true })
  writeFileSync(
    join(stack, 'server.mjs'),
    'import { writeFileSync } from "node:fs"\nwriteFileSync("own.txt", `${process.getuid()}`)\nconsole.log(`hello from ${process.cwd()}`)\nprocess.stdin.once("data", () => process.exit(5))\n',
  )
  if (isRoot) chownSync(stack, 1000, 1000)
  // As root's home is: nobody else may walk through.
  chmodSync(closed, 0o700)
  runtime = new ProcessRuntime({
    dataDir,
    owner: isRoot ? { uid: 1000, gid: 1000 } : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    isRoot,
  })
  await runtime.open({ changed: () => {}, engineChanged: () => {} })
})
afterEach(async () => {
  await runtime.discard(id)
  await runtime.close()
  rmSync(closed, { recursive: true })
})

it('runs a server as its user although a folder on the way to its files is closed to others', async () => {
  const spec: RunSpec = {
    instanceId: id,
    runId: 'run-1',
    generation: 1,
    planHash: 'a',
    mount: { kind: 'directory', path: join(dataDir, 'stack') },
    image: 'none',
    command: ['node', 'server.mjs'],
    workdir: '/server',
    env: {},
    ports: [],
    resources: {},
    stopSignal: 'SIGTERM',
    stopGraceSeconds: 5,
  }
  await runtime.create(spec)
  await runtime.start(spec)
  const lines: string[] = []
  for await (const batch of runtime.output(spec, null, AbortSignal.timeout(20_000))) {
    lines.push(...batch.map(line => line.text))
    if (lines.length > 0) break
  }
  expect(lines[0]).toMatch(/^hello from /)
  expect(readFileSync(join(dataDir, 'stack', 'own.txt'), 'utf8')).toBe(String(isRoot ? 1000 : process.getuid?.()))
  await runtime.input(spec, 'go')
  const ended = await waitFor('the end', async () => {
    const status = await runtime.look(id)
    return status?.state === 'exited' && status
  })
  expect(ended.exit?.code).toBe(5)
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(closed)
  await runtime.discard(id)
  expect(existsSync(join('/run/strata-agent', id))).toBe(false)
})
