import { describe, expect, it } from 'vitest'
import { filesTree, folderPaths, previewTree, type TreeNode } from '../../../../composables/layer/tree'
import type { PreviewEntry } from '../../../../shared/schemas/stack'

const file = (path: string, layer: number, overrides: number[] = []): PreviewEntry => ({
  path,
  type: 'file',
  sizeBytes: 10,
  sha256: null,
  target: null,
  layer,
  overrides,
  filledIn: false,
})
const outline = (nodes: readonly TreeNode[]): unknown[] =>
  nodes.map(node => (node.children ? [node.label, ...outline(node.children)] : node.label))

describe('previewTree', () => {
  it('makes folders, which come first, and sorts as people count', () => {
    expect(outline(previewTree([file('b.txt', 0), file('a/r.10', 0), file('a/r.9', 0), file('a/z/q', 0)]))).toEqual([
      ['a', ['z', 'q'], 'r.9', 'r.10'],
      'b.txt',
    ])
  })

  it('gives a folder the layer that all of it comes from, and none where layers mix', () => {
    const [config, mods] = previewTree([file('config/a', 0), file('config/b', 1, [0]), file('mods/x', 1)])
    expect(config).toMatchObject({ label: 'config', layer: null, sizeBytes: 20 })
    expect(mods).toMatchObject({ label: 'mods', layer: 1, sizeBytes: 10 })
  })

  it('takes a folder that is told before or after what it holds only once', () => {
    const dir = { ...file('a', 0), type: 'dir' as const }
    expect(outline(previewTree([dir, file('a/b', 0)]))).toEqual([['a', 'b']])
    expect(outline(previewTree([file('a/b', 0), dir]))).toEqual([['a', 'b']])
  })

  it('finds paths, with the folders that lead to them', () => {
    const tree = previewTree([file('config/server.properties', 0), file('mods/core.jar', 0)], 'SERVER')
    expect(outline(tree)).toEqual([['config', 'server.properties']])
    expect(folderPaths(tree)).toEqual(['config'])
  })

  it('is not slow for the largest archive there may be', () => {
    const entries = Array.from({ length: 200_000 }, (_, n) => file(`f${n % 500}/g${n % 37}/x${n}`, n % 4))
    const begin = performance.now()
    expect(previewTree(entries)).toHaveLength(500)
    expect(performance.now() - begin).toBeLessThan(5_000)
  })
})

it('shows the files of one version, links with their target', () => {
  const [folder, link] = filesTree([
    { type: 'dir', path: 'd' },
    { type: 'file', path: 'd/f', sizeBytes: 3, mode: 0o644, sha256: '', placeholders: ['MOTD'] },
    { type: 'symlink', path: 'l', target: 'd/f' },
  ])
  expect(folder).toMatchObject({ kind: 'dir', children: [{ label: 'f', filledIn: true, layer: null }] })
  expect(link).toMatchObject({ kind: 'symlink', target: 'd/f' })
})
