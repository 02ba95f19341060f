import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createPreparer } from '../../agent/prepare/create-preparer'
import type { Preparer } from '../../agent/prepare/port'
import { mergeStack } from '../../core/stack/merge-stack'
import { planStack } from '../../core/stack/plan-stack'
import { fillIn, scanPlaceholders } from '../../core/variables/placeholders'
import { decodeIndex } from '../../core/archive/index-file'
import type { InstanceSpec } from '../../shared/protocol/agent'
import { instanceSpec } from '../factories/instance-spec'
import { filesBelow } from '../support/files-below'
import { openStrata } from '../support/strata'
import { makeBenchStack, serveArchives, sizeOf } from './bench-stack'
import type { BenchLayer } from './bench-stack'
import { inTurn, median, percentile, printTable, showMs, timed } from './bench-table'
import type { BenchRow } from './bench-table'

const run = promisify(execFile)
const sh = (script: string, ...args: string[]) => run('bash', ['-ec', script, 'bash', ...args], { maxBuffer: 64 << 20 })

const VALUES = new Map([
  ['SERVER_NAME', 'Friday night'],
  ['PORT', '25565'],
])
const OWNER = { uid: 1000, gid: 1000 }
const MANY = 100

type ServedLayer = InstanceSpec['layers'][number] & { url: string }

/** How fast layers become servers, against plain tools in the same run. Prints a table and judges nothing. Needs root. */
async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-bench-'))
  const server = await serveArchives(folder)
  try {
    process.stdout.write('Making the stack: 880 MB in four layers …\n')
    const layers = await makeBenchStack(folder)
    const rows = [
      ...(await coldPrepare(folder, layers, server.origin)),
      ...(await warmPrepare(folder, layers, server.origin)),
      await preview(layers),
    ]
    printTable('Layers: medians of one run', rows)
  } finally {
    server.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function served(layers: readonly BenchLayer[], origin: string, kind: 'tar' | 'zst'): Promise<ServedLayer[]> {
  return Promise.all(
    layers.map(async layer => {
      const path = layer[kind]
      const hash = createHash('sha256')
      await pipeline(createReadStream(path), hash)
      const url = `${origin}/${layer.name}.tar${kind === 'zst' ? '.zst' : ''}`
      const sizeBytes = await sizeOf(path)
      return { template: layer.name, version: '1', type: 'custom' as const, sha256: hash.digest('hex'), sizeBytes, url }
    }),
  )
}

async function coldPrepare(folder: string, layers: readonly BenchLayer[], origin: string): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const kind of ['tar', 'zst'] as const) {
    const wanted = await served(layers, origin, kind)
    const rose: number[] = []
    const unzip = kind === 'zst' ? 'zstd -dcq |' : ''
    const { ours, theirs } = await inTurn(
      3,
      async round => {
        const script = join(import.meta.dirname, 'cold-prepare.ts')
        const dataDir = join(folder, `cold-${kind}-${round}`)
        const { stdout } = await run(process.execPath, ['--import', 'tsx', script, dataDir, JSON.stringify(wanted)])
        const { ms, roseBytes } = JSON.parse(stdout) as { ms: number; roseBytes: number }
        rose.push(roseBytes)
        return ms
      },
      async () => {
        const target = join(folder, 'plain')
        mkdirSync(target)
        const took = await timed(async () => {
          for (const { template, url } of wanted) {
            const root = join(target, template)
            await sh(`mkdir "$1"; curl -sf "$2" | tee >(sha256sum >/dev/null) | ${unzip} tar -x -C "$1"`, root, url)
          }
          await sh('sync -f "$1"', target)
        })
        await rm(target, { recursive: true })
        return took
      },
    )
    rows.push({
      job: `cold prepare, ${kind === 'tar' ? '.tar' : '.tar.zst'}`,
      ours: `${showMs(ours)}, +${(median(rose) / 1e6).toFixed(0)} MB`,
      against: `curl | tee | sha256sum | tar: ${showMs(theirs)}`,
      ratio: (ours / theirs).toFixed(2),
      wanted: '≤ 1.0, ≤ +120 MB',
    })
  }
  return rows
}

async function warmPrepare(folder: string, layers: readonly BenchLayer[], origin: string): Promise<BenchRow[]> {
  const dataDir = join(folder, 'node')
  const wanted = await served(layers, origin, 'tar')
  const { preparer } = await createPreparer({
    dataDir,
    owner: OWNER,
    cacheLimitBytes: null,
    layerUrl: async (_instance, sha256) => wanted.find(layer => layer.sha256 === sha256)!,
    warn: message => process.stderr.write(`${message}\n`),
  })
  const spec = (id: string) =>
    instanceSpec({ id, layers: wanted.map(({ url: _, ...layer }) => layer), variables: Object.fromEntries(VALUES) })
  const prepare = (id: string, layout: 'overlay' | 'copy') => prepareWith(preparer, spec(id), layout)
  await prepare('i-warmup', 'overlay')
  const roots = wanted.map(layer => join(dataDir, 'layers', layer.sha256.slice(0, 16), 'root'))
  const merged = join(folder, 'merged')

  const rows = [
    await warmOverlay(folder, roots, prepare),
    await warmCopy(folder, roots, merged, prepare),
    await filling(dataDir, wanted),
  ]
  const before = await diskBytes(join(dataDir, 'stacks'))
  const took = await timed(async () => {
    for (let n = 0; n < MANY; n += 1) await prepare(`i-many-${n}`, 'overlay')
  })
  const used = (await diskBytes(join(dataDir, 'stacks'))) - before
  rows.push({
    job: `${MANY} instances of the stack, overlay`,
    ours: `${showMs(took)}, ${(used / 1e6).toFixed(1)} MB`,
    against: '–',
    ratio: '–',
    wanted: '≤ 10 s, ≤ 300 MB',
  })
  return rows
}

async function prepareWith(preparer: Preparer, spec: InstanceSpec, layout: 'overlay' | 'copy') {
  const options = { layout, devMode: false, onProgress: () => undefined, signal: new AbortController().signal }
  return preparer.prepare(spec, 1, options)
}

type Prepare = (id: string, layout: 'overlay' | 'copy') => ReturnType<Preparer['prepare']>

/** Ours is the whole of preparing and the mount it describes; theirs a bare mount and the files, their content at hand. */
async function warmOverlay(folder: string, roots: readonly string[], prepare: Prepare): Promise<BenchRow> {
  const at = join(folder, 'mounted')
  mkdirSync(at)
  const mount = async (options: string) => {
    await run('mount', ['-t', 'overlay', 'overlay', '-o', options, at])
  }
  const filled = await filledFiles(roots)
  const alone: number[] = []
  const { ours, theirs } = await inTurn(
    15,
    async round => {
      const took = await timed(async () => {
        const began = performance.now()
        const prepared = await prepare(`i-overlay-${round}`, 'overlay')
        alone.push(performance.now() - began)
        if (prepared.mount.kind !== 'volume') throw new Error('not an overlay')
        await mount(prepared.mount.options.o)
      })
      await run('umount', [at])
      return took
    },
    async round => {
      const place = join(folder, `plain-${round}`)
      const took = await timed(async () => {
        for (const name of ['upper', 'work', 'render']) mkdirSync(join(place, name), { recursive: true })
        for (const [path, content] of filled) {
          mkdirSync(dirname(join(place, 'render', path)), { recursive: true })
          writeFileSync(join(place, 'render', path), content)
        }
        const lowers = [join(place, 'render'), ...roots.toReversed()].join(':')
        await mount(`lowerdir=${lowers},upperdir=${join(place, 'upper')},workdir=${join(place, 'work')}`)
      })
      await run('umount', [at])
      return took
    },
  )
  const copied = await timed(async () => {
    for (const root of roots) await cp(root, join(folder, 'copied'), { recursive: true })
  })
  await rm(join(folder, 'copied'), { recursive: true })
  return {
    job: 'warm prepare, overlay',
    ours: `${showMs(ours)}, agent ${showMs(median(alone))}`,
    against: `mount and ${filled.size} files: ${showMs(theirs)}; fs.cp ${showMs(copied)}`,
    ratio: `${(ours / theirs).toFixed(2)}; 1/${(copied / median(alone)).toFixed(0)}`,
    wanted: '≤ 1.2, ≤ 50 ms; 1/100',
  }
}

async function filledFiles(roots: readonly string[]): Promise<Map<string, Buffer>> {
  const filled = new Map<string, Buffer>()
  for (const root of roots)
    for (const path of (await filesBelow(root)).filter(path => path.endsWith('.yml'))) {
      const content = readFileSync(join(root, path))
      if (scanPlaceholders(content).length > 0) filled.set(path, fillIn(content, VALUES))
      else filled.delete(path)
    }
  return filled
}

async function warmCopy(folder: string, roots: readonly string[], merged: string, prepare: Prepare): Promise<BenchRow> {
  mkdirSync(merged)
  await run('mount', ['-t', 'overlay', 'overlay', '-o', `ro,lowerdir=${roots.toReversed().join(':')}`, merged])
  try {
    const { ours, theirs } = await inTurn(
      3,
      async round => {
        const took = await timed(() => prepare(`i-copy-${round}`, 'copy'))
        await rm(join(folder, 'node', 'stacks', `i-copy-${round}`, 'files'), { recursive: true, force: true })
        return took
      },
      async () => {
        const target = join(folder, 'winners')
        const took = await timed(() => run('cp', ['-a', merged, target]))
        await rm(target, { recursive: true })
        return took
      },
    )
    return {
      job: 'warm prepare, copy',
      ours: showMs(ours),
      against: `cp -a of the winners: ${showMs(theirs)}`,
      ratio: (ours / theirs).toFixed(2),
      wanted: '≤ 1.1',
    }
  } finally {
    await run('umount', [merged])
  }
}

async function filling(dataDir: string, wanted: readonly ServedLayer[]): Promise<BenchRow> {
  const held = await Promise.all(
    wanted.map(async layer => {
      const folder = join(dataDir, 'layers', layer.sha256.slice(0, 16))
      const index = await decodeIndex(await readFile(join(folder, 'index')))
      return { root: join(folder, 'root'), index, template: layer.template, version: layer.version, type: layer.type }
    }),
  )
  const stack = mergeStack(held)
  let files = 0
  const { ours, theirs } = await inTurn(
    9,
    () =>
      timed(() => {
        const { fills } = planStack(stack, { values: VALUES })
        for (const { path, layer } of fills) fillIn(readFileSync(join(held[layer]!.root, path)), VALUES)
        files = fills.length
      }),
    () =>
      timed(() => {
        for (const entry of stack.entries) {
          if (entry.type !== 'file' || !entry.path.endsWith('.yml')) continue
          const content = readFileSync(join(held[entry.layer]!.root, entry.path))
          if (scanPlaceholders(content).length > 0) fillIn(content, VALUES)
        }
      }),
  )
  return {
    job: `filling in ${files} files among ${stack.entries.filter(entry => entry.type === 'file').length}`,
    ours: showMs(ours),
    against: `scan of all text files: ${showMs(theirs)}`,
    ratio: `1/${(theirs / ours).toFixed(0)}`,
    wanted: '1/10, ≤ 10 ms',
  }
}

async function preview(layers: readonly BenchLayer[]): Promise<BenchRow> {
  const strata = await openStrata({ STRATA_LOG_LEVEL: 'warn' })
  try {
    await strata.startBrain()
    const api = await strata.signIn()
    for (const layer of layers)
      await api.expectStatus(201, 'PUT', `/templates/${layer.name}/versions/1`, await readFile(layer.zst))
    const body = { layers: layers.map(layer => ({ template: layer.name })), variables: {} }
    const times: number[] = []
    for (let round = 0; round < 60; round += 1) {
      const took = await timed(() => api.expectStatus(200, 'POST', '/stacks/preview', body))
      if (round >= 10) times.push(took)
    }
    return {
      job: 'preview of the stack by API',
      ours: `p50 ${showMs(median(times))}, p95 ${showMs(percentile(times, 0.95))}`,
      against: '–',
      ratio: '–',
      wanted: 'p95 ≤ 100 ms',
    }
  } finally {
    await strata.close()
  }
}

async function diskBytes(path: string): Promise<number> {
  const { stdout } = await run('du', ['-s', '--block-size=1', path])
  return Number.parseInt(stdout, 10)
}

await main()
