import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, closeSync, writeFileSync, writeSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runCommand } from '../support/run-command'

const MB = 1_000_000
const SEED = 20_261_121

/** One layer of the bench: a folder as it was made, and its archives. */
export interface BenchLayer {
  name: string
  folder: string
  tar: string
  zst: string
}

/** Numbers that look random and are the same on every machine (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Bytes that compress to about half, as game files do: every second block of 512 is zero. */
function bytesOf(size: number, random: () => number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let block = 0; block < size; block += 1_024)
    for (let at = block; at < Math.min(block + 512, size); at += 4)
      bytes.writeUInt32LE((random() * 2 ** 32) >>> 0, Math.min(at, Math.max(0, size - 4)))
  return bytes
}

/** What a configuration file looks like; with placeholders it is filled in, without it is only a text that a scan has to read. */
function textOf(size: number, placeholders: boolean): string {
  const head = placeholders ? 'name: ${SERVER_NAME}\nport: ${PORT}\n' : 'name: fixed\nport: 1\n'
  return head + 'setting.value: "just a line of text"\n'.repeat(Math.max(1, Math.floor(size / 37)))
}

interface Plan {
  name: string
  bytes: number
  files: number
  /** Configuration with placeholders, of `files`. */
  filled: number
  /** One file of this size, of `bytes`. */
  largest?: number
  pathOf: (number: number) => string
}

/** Base 600 MB in 6,000 files (one of 300 MB), gamemode 80 MB in 1,500 (a tenth over the base), map 200 MB in 800, 50 small overrides. */
const PLANS: readonly Plan[] = [
  {
    name: 'base',
    bytes: 600 * MB,
    files: 6_000,
    filled: 10,
    largest: 300 * MB,
    pathOf: n => `data/${n % 60}/file-${n}`,
  },
  {
    name: 'gamemode',
    bytes: 80 * MB,
    files: 1_500,
    filled: 6,
    pathOf: n => (n % 10 === 0 ? `data/${n % 60}/file-${n}` : `mode/${n % 30}/file-${n}`),
  },
  { name: 'map', bytes: 200 * MB, files: 800, filled: 0, pathOf: n => `world/region/${n % 8}/file-${n}` },
  { name: 'overrides', bytes: 50 * 1_000, files: 50, filled: 50, pathOf: n => `config/override-${n}` },
]

/** Makes the stack below a folder: the same bytes on every machine. First layer first. */
export async function makeBenchStack(folder: string): Promise<BenchLayer[]> {
  const layers: BenchLayer[] = []
  for (const plan of PLANS) {
    const root = join(folder, plan.name)
    writeLayer(root, plan)
    const [tar, zst] = [join(folder, `${plan.name}.tar`), join(folder, `${plan.name}.tar.zst`)]
    await runCommand('tar', ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '-cf', tar, '-C', root, '.'])
    await runCommand('zstd', ['-q', '-3', '-f', tar, '-o', zst])
    layers.push({ name: plan.name, folder: root, tar, zst })
  }
  return layers
}

function writeLayer(root: string, plan: Plan): void {
  const random = seeded(SEED + plan.files)
  mkdirSync(root, { recursive: true })
  writeFileSync(
    join(root, 'strata.yaml'),
    `type: ${plan.name === 'base' ? 'master' : plan.name === 'overrides' ? 'custom' : plan.name}\n`,
  )
  const { largest = 0 } = plan
  const each = Math.floor((plan.bytes - largest) / (plan.files - (largest ? 1 : 0)))
  if (largest) {
    const pattern = bytesOf(MB, random)
    mkdirSync(join(root, 'assets'), { recursive: true })
    const file = openSync(join(root, 'assets', 'assets.zip'), 'w')
    for (let written = 0; written < largest; written += MB) writeSync(file, pattern)
    closeSync(file)
  }
  for (let n = largest ? 1 : 0; n < plan.files; n += 1) {
    const isFilled = n <= plan.filled - (largest ? 0 : 1)
    // Every tenth file is a text that could be filled in, as far as its name tells.
    const isText = isFilled || n % 10 === 3
    const path = join(root, `${plan.pathOf(n)}.${isText ? 'yml' : 'dat'}`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, isText ? textOf(each, isFilled) : bytesOf(each, random))
  }
}

/** Serves the archives from a process of its own, so that a measured one pays for nothing but its own work. */
export async function serveArchives(folder: string) {
  const script = `
    import { createReadStream, statSync } from 'node:fs'
    import { createServer } from 'node:http'
    import { join } from 'node:path'
    const server = createServer((request, response) => {
      const path = join(${JSON.stringify(folder)}, request.url)
      response.setHeader('content-length', statSync(path).size)
      createReadStream(path, { highWaterMark: 1 << 20 }).pipe(response)
    })
    server.listen(0, '127.0.0.1', () => process.stdout.write(String(server.address().port)))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = (await once(child.stdout, 'data')) as [Buffer]
  return { origin: `http://127.0.0.1:${String(port)}`, close: () => child.kill() }
}

export async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size
}
