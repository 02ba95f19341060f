import { describe, expect, it } from 'vitest'
import { mergeStack } from '../../../../core/stack/merge-stack'
import { stackLayer } from '../../../factories/stack'

const shown = (...layers: Parameters<typeof mergeStack>[0]) =>
  mergeStack(layers).entries.map(({ path, type, layer, overrides }) => [path, type, layer, overrides])

describe('mergeStack', () => {
  it('lets the last layer win and tells whom it overrides, nearest first', () => {
    expect(shown(stackLayer({ a: '1', b: '1' }), stackLayer({ a: '2' }), stackLayer({ a: '3' }))).toEqual([
      ['a', 'file', 2, [1, 0]],
      ['b', 'file', 0, []],
    ])
  })

  it('joins folders', () => {
    expect(shown(stackLayer({ 'a/x': '1' }), stackLayer({ 'a/y': '2' }))).toEqual([
      ['a', 'dir', 1, []],
      ['a/x', 'file', 0, []],
      ['a/y', 'file', 1, []],
    ])
  })

  it('takes away from the layers below only, then puts its own in place', () => {
    const layers = [
      stackLayer({ 'world/a': '1', 'world/b/c': '1', 'mods/old-1.jar': '1', 'mods/new.jar': '1' }),
      stackLayer({ 'world/a': '2', 'world/d': '2' }, { remove: ['world/**', 'mods/old-*.jar'] }),
      stackLayer({ 'mods/old-2.jar': '3' }),
    ]
    const merged = mergeStack(layers)
    expect(merged.entries.map(({ path, layer }) => `${path} ${layer}`)).toEqual([
      'mods 2',
      'mods/new.jar 0',
      'mods/old-2.jar 2',
      'world 1',
      'world/a 1',
      'world/d 1',
    ])
    expect(merged.removed).toEqual([
      { path: 'mods/old-1.jar', layer: 0, by: 1 },
      { path: 'world/b', layer: 0, by: 1 },
      { path: 'world/b/c', layer: 0, by: 1 },
    ])
    expect(merged.entries.find(({ path }) => path === 'world/a')?.overrides).toEqual([0])
  })

  it('takes a folder away with what is in it, and leaves one that is only emptied', () => {
    expect(
      shown(stackLayer({ 'a/x': '', 'b/x': '', 'c/x': '' }), stackLayer({}, { remove: ['a', 'b/**', 'c/x'] })),
    ).toEqual([['c', 'dir', 0, []]])
  })

  it('says nothing of what a later layer brings back', () => {
    const merged = mergeStack([stackLayer({ a: '1' }), stackLayer({}, { remove: ['a'] }), stackLayer({ a: '3' })])
    expect(merged.removed).toEqual([])
    expect(merged.entries).toMatchObject([{ path: 'a', layer: 2, overrides: [0] }])
  })

  it('hides with a file all that was below a folder', () => {
    const merged = mergeStack([stackLayer({ 'a/b/c': '1' }), stackLayer({ a: '2' })])
    expect(merged.entries).toMatchObject([{ path: 'a', type: 'file', layer: 1, overrides: [0] }])
    expect(merged.removed).toEqual([
      { path: 'a/b', layer: 0, by: 1 },
      { path: 'a/b/c', layer: 0, by: 1 },
    ])
    expect(merged.conflicts).toEqual([
      { path: 'a', below: { layer: 0, type: 'dir' }, above: { layer: 1, type: 'file' } },
    ])
  })

  it('replaces a link by the folder of a later layer: nothing lies behind the link', () => {
    const merged = mergeStack([
      stackLayer({ world: '-> maps/one', 'maps/one/x': '1' }),
      stackLayer({ 'world/server.properties': '2' }),
    ])
    expect(merged.entries.map(({ path, type }) => `${path} ${type}`)).toEqual([
      'maps dir',
      'maps/one dir',
      'maps/one/x file',
      'world dir',
      'world/server.properties file',
    ])
    expect(merged.conflicts).toMatchObject([{ path: 'world', below: { type: 'symlink' }, above: { type: 'dir' } }])
  })

  it('judges links by where they lead after the merge', () => {
    const below = stackLayer({ 'data/maps': null, link: '-> data/maps/../x' })
    expect(mergeStack([below]).entries).toHaveLength(3)
    // Alone each layer is harmless; together the link climbs through the other and out of the root.
    const above = stackLayer({ data: '-> .', 'maps/x': '' })
    expect(() => mergeStack([below, above, stackLayer({ maps: '-> .' })])).toThrow(
      expect.objectContaining({
        code: 'LINK_ESCAPE',
        issues: [{ path: 'link', message: 'links to data/maps/../x, outside' }],
      }),
    )
  })

  it('keeps a link to nothing, and one that a later layer makes harmless', () => {
    const escaping = stackLayer({ up: '-> a/..', a: '-> .' })
    expect(() => mergeStack([escaping])).toThrow(expect.objectContaining({ code: 'LINK_ESCAPE' }))
    expect(
      shown(escaping, stackLayer({ 'a/x': '' }), stackLayer({ gone: '-> nowhere' })).map(([path]) => path),
    ).toEqual(['a', 'a/x', 'gone', 'up'])
  })
})
