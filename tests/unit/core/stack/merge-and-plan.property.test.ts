import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileGlobs } from '../../../../core/stack/globs'
import { mergeStack } from '../../../../core/stack/merge-stack'
import type { StackLayer } from '../../../../core/stack/merge-stack'
import { planStack } from '../../../../core/stack/plan-stack'
import type { IndexEntry } from '../../../../shared/schemas/layer-index'
import { stackLayer } from '../../../factories/stack'
import type { LayerTree } from '../../../factories/stack'

/** Path → what is there and from which layer; folders from nobody in particular. */
type View = Record<string, string>

const name = fc.constantFrom('a', 'a-b', 'b', 'c')
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map(parts => parts.join('/'))
const content = fc.constantFrom<string | null>('text', null, '-> c', '-> nowhere/x')
const glob = fc.constantFrom('a', 'a/**', '**/b', 'b/*', '*', '**', 'c/a', 'a/b/**', 'a-b/c', '**/c/**', 'a/*/c')

const layer = fc
  .record({ files: fc.array(fc.tuple(path, content), { maxLength: 8 }), remove: fc.array(glob, { maxLength: 3 }) })
  .map(({ files, remove }) => stackLayer(consistent(files), remove.length > 0 ? { remove } : {}))
const stack = fc.array(layer, { minLength: 1, maxLength: 5 })

describe('mergeStack and planStack', () => {
  it('merge as copying the trees over each other would', () => {
    fc.assert(
      fc.property(stack, layers => {
        fc.pre(!leavesStack(layers))
        expect(viewOf(mergeStack(layers).entries)).toEqual(copyOverEachOther(layers))
      }),
      { numRuns: 3_000 },
    )
  })

  it('need whiteouts with which an overlay shows exactly the merged stack', () => {
    fc.assert(
      fc.property(stack, layers => {
        fc.pre(!leavesStack(layers))
        const merged = mergeStack(layers)
        const { whiteouts } = planStack(merged, { values: new Map() })
        expect(overlayView(layers, whiteouts)).toEqual(viewOf(merged.entries))
        // None too many: without any one of them something shows that must not.
        for (const left of whiteouts) {
          expect(
            overlayView(
              layers,
              whiteouts.filter(other => other !== left),
            ),
          ).not.toEqual(viewOf(merged.entries))
        }
      }),
      { numRuns: 3_000 },
    )
  })

  it('account for every path of every layer: it wins, is overridden, or is removed', () => {
    fc.assert(
      fc.property(stack, layers => {
        fc.pre(!leavesStack(layers))
        const { entries, removed } = mergeStack(layers)
        const kept = new Map(entries.map(entry => [entry.path, entry]))
        const gone = new Set(removed.map(entry => entry.path))
        for (const [number, { index }] of layers.entries()) {
          for (const entry of index.entries) {
            const winner = kept.get(entry.path)
            expect(winner !== undefined).not.toBe(gone.has(entry.path))
            if (!winner || winner.layer === number || (winner.type === 'dir' && entry.type === 'dir')) continue
            expect(winner.overrides).toContain(number)
          }
        }
        expect([...kept.keys()]).toEqual([...kept.keys()].sort())
      }),
    )
  })
})

/** What is put below a file or link replaces it, as in an archive. */
function consistent(files: readonly (readonly [string, string | null])[]): LayerTree {
  const tree: LayerTree = {}
  for (const [path, content] of files) {
    for (const other of Object.keys(tree)) {
      if (path.startsWith(`${other}/`) && tree[other] !== null) delete tree[other]
      if (content !== null && other.startsWith(`${path}/`)) delete tree[other]
    }
    tree[path] = content
  }
  return tree
}

/** The property is about merging; stacks with links that leave are tested elsewhere. */
function leavesStack(layers: StackLayer[]): boolean {
  return layers.some(({ index }) =>
    index.entries.some(entry => entry.type === 'symlink' && entry.target.includes('..')),
  )
}

function show(entry: IndexEntry, layer: number): string {
  return entry.type === 'dir' ? 'dir' : `${entry.type} of ${layer}`
}

function viewOf(entries: readonly (IndexEntry & { layer: number })[]): View {
  return Object.fromEntries(entries.map(entry => [entry.path, show(entry, entry.layer)]))
}

/** The reference: one map, changed path by path. */
function copyOverEachOther(layers: readonly StackLayer[]): View {
  const tree = new Map<string, string>()
  for (const [number, { index }] of layers.entries()) {
    const matches = compileGlobs(index.manifest.remove ?? [])
    for (const path of [...tree.keys()]) {
      const parts = path.split('/')
      const withParents = parts.map((_, at) => parts.slice(0, at + 1).join('/'))
      if (withParents.some(at => matches(at, tree.get(at) === 'dir' || at !== path))) tree.delete(path)
    }
    for (const entry of index.entries) {
      if (entry.type !== 'dir' || (tree.has(entry.path) && tree.get(entry.path) !== 'dir')) {
        for (const path of [...tree.keys()]) if (path.startsWith(`${entry.path}/`)) tree.delete(path)
      }
      tree.set(entry.path, show(entry, number))
    }
  }
  return Object.fromEntries([...tree].sort())
}

/** overlayfs in memory: whiteouts on top, folders joined downwards until something that is no folder. */
function overlayView(layers: readonly StackLayer[], whiteouts: readonly string[]): View {
  const lowers = layers.map(({ index }) => new Map(index.entries.map(entry => [entry.path, entry])))
  const hidden = new Set(whiteouts)
  const view: View = {}
  const look = (folder: string, joined: readonly number[]) => {
    const names = new Set<string>()
    for (const number of joined) {
      for (const path of lowers[number]?.keys() ?? []) {
        if (path.slice(0, Math.max(0, path.lastIndexOf('/'))) === folder) names.add(path)
      }
    }
    for (const path of names) {
      if (hidden.has(path)) continue
      const below: number[] = []
      for (const number of joined) {
        const entry = lowers[number]?.get(path)
        if (!entry) continue
        if (entry.type !== 'dir') {
          if (below.length === 0) view[path] = show(entry, number)
          break
        }
        below.push(number)
      }
      if (below.length === 0) continue
      view[path] = 'dir'
      look(path, below)
    }
  }
  look('', layers.map((_, number) => number).reverse())
  return Object.fromEntries(Object.entries(view).sort())
}
