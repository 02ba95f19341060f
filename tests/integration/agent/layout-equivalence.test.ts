import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPreparer } from '../../../agent/prepare/create-preparer'
import type { Prepared } from '../../../agent/prepare/port'
import { instanceSpec } from '../../factories/instance-spec'
import { directory, file, symlink, tar } from '../../factories/tar'
import { openLayerStore } from '../../support/layer-store'
import { readTree } from '../../support/read-tree'

/** A folder as it is drawn: a text is a file, `->` a link, an object a folder. */
interface Drawn {
  [name: string]: string | Drawn
}

const name = fc.constantFrom('a', 'b', 'c', 'ä', 'mods')
const leaf = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('one', 'two', '${V}') },
  { weight: 1, arbitrary: fc.constantFrom('-> a', '-> b') },
)
const { tree } = fc.letrec<{ tree: Drawn; node: string | Drawn }>(tie => ({
  tree: fc.dictionary(name, tie('node'), { maxKeys: 4, noNullPrototype: true }),
  node: fc.oneof({ maxDepth: 3, depthSize: 'small' }, leaf, tie('tree')),
}))
const removes = fc.array(fc.constantFrom('a', 'a/**', '**/b', 'mods/*', 'c/a', '**/*.cfg'), { maxLength: 2 })
const stack = fc.array(fc.record({ tree, removes }), { minLength: 1, maxLength: 4 })
const deeds = fc.array(
  fc.record({ deed: fc.constantFrom('write', 'delete'), path: fc.array(name, { minLength: 1, maxLength: 3 }) }),
  { maxLength: 5 },
)

function draw(drawn: Drawn, below = ''): Buffer[] {
  return Object.entries(drawn).flatMap(([entry, what]) => {
    const path = `${below}${entry}`
    if (typeof what !== 'string') return [directory(path), ...draw(what, `${path}/`)]
    if (what.startsWith('->')) return [symlink(path, what.slice(3))]
    return [file(`${path}${what === '${V}' ? '.cfg' : ''}`, what, what === 'two' ? 0o755 : 0o644)]
  })
}

/** What a server does to its files; things that cannot be done are left out, alike on both sides. */
function carryOut(root: string, list: readonly { deed: string; path: string[] }[]): void {
  for (const { deed, path } of list) {
    const target = join(root, ...path)
    const inRealFolder = path
      .slice(0, -1)
      .every((_, at) => lstatSync(join(root, ...path.slice(0, at + 1)), { throwIfNoEntry: false })?.isDirectory())
    if (!inRealFolder) continue
    const there = lstatSync(target, { throwIfNoEntry: false })
    if (deed === 'write' && (!there || there.isFile())) writeFileSync(target, 'own')
    if (deed === 'delete' && there && !there.isDirectory()) unlinkSync(target)
  }
}

describe('overlay and copy', () => {
  let base: string
  let store: Awaited<ReturnType<typeof openLayerStore>>
  let node: Awaited<ReturnType<typeof createPreparer>>
  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'layouts-'))
    store = await openLayerStore()
    node = await createPreparer({
      dataDir: base,
      owner: { uid: 1234, gid: 1234 },
      cacheLimitBytes: null,
      layerUrl: store.layerUrl,
      warn: message => {
        throw new Error(message)
      },
    })
  })
  afterAll(() => {
    store.close()
    rmSync(base, { recursive: true, force: true })
  })

  function withMount<T>(prepared: Prepared, use: (root: string) => T): T {
    if (prepared.mount.kind === 'directory') return use(prepared.mount.path)
    const at = join(base, 'seen')
    if (!existsSync(at)) mkdirSync(at)
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', prepared.mount.options.o, at])
    try {
      return use(at)
    } finally {
      execFileSync('umount', [at])
    }
  }

  it('give the same bytes for any stack, whatever the server did in between', async () => {
    await fc.assert(
      fc.asyncProperty(stack, deeds, stack, async (first, changes, second) => {
        const seen: { layout: string; trees: Record<string, string>[] }[] = []
        for (const layout of ['overlay', 'copy'] as const) {
          const id = `i-${layout}`
          const trees: Record<string, string>[] = []
          const generations = [first, second].map(layers =>
            layers.map(({ tree: drawn, removes: remove }, at) =>
              store.layer(tar(file('strata.yaml', JSON.stringify({ remove })), ...draw(drawn)), `l${at}`),
            ),
          )
          try {
            for (const [generation, layers] of generations.entries()) {
              const spec = instanceSpec({ id, layers, variables: { V: `value ${generation}` } })
              const prepared = await node.preparer.prepare(spec, generation, {
                layout,
                devMode: false,
                onProgress: () => undefined,
                signal: new AbortController().signal,
              })
              withMount(prepared, root => {
                trees.push(readTree(root))
                if (generation === 0) carryOut(root, changes)
              })
            }
            seen.push({ layout, trees })
          } finally {
            await node.preparer.discard(id)
          }
        }
        expect(seen[1]!.trees).toEqual(seen[0]!.trees)
      }),
      { numRuns: Number(process.env.STRATA_PROPERTY_RUNS ?? 25) },
    )
  }, 600_000)
})
