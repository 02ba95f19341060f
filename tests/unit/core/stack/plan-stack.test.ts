import { describe, expect, it } from 'vitest'
import { mergeStack } from '../../../../core/stack/merge-stack'
import { planStack } from '../../../../core/stack/plan-stack'
import { stackLayer } from '../../../factories/stack'

const values = new Map([['MOTD', 'hi']])
const plan = (...layers: Parameters<typeof mergeStack>[0]) => planStack(mergeStack(layers), { values })

describe('planStack', () => {
  it('fills in text files of the known endings that hold a known name', () => {
    const endings = ['json', 'yaml', 'yml', 'toml', 'properties', 'conf', 'cfg', 'ini', 'xml', 'txt', 'env']
    const tree = Object.fromEntries([
      ...endings.map(ending => [`f.${ending}`, '${MOTD}']),
      ['.env', '${MOTD}'],
      ['F.YML', '${MOTD}'],
    ])
    expect(plan(stackLayer(tree)).fills).toHaveLength(endings.length + 2)
    expect(
      plan(stackLayer({ 'a.sh': '${MOTD}', txt: '${MOTD}', 'b.txt': '${OTHER}', 'c.txt': 'none', 'd.txt': '-> b.txt' }))
        .fills,
    ).toEqual([])
  })

  it('tells which names, of which layer', () => {
    expect(plan(stackLayer({ 'a.txt': 'x' }), stackLayer({ 'a.txt': '${OTHER} ${MOTD} $${MOTD}' })).fills).toEqual([
      { path: 'a.txt', layer: 1, mode: 0o644, sizeBytes: 25, placeholders: ['MOTD'] },
    ])
  })

  it('adds the files that a layer names, of that layer alone', () => {
    const layers = [
      stackLayer({ 'bin/a.sh': '${MOTD}', 'bin/b.sh': '${MOTD}' }, { substitute: ['bin/*.sh'] }),
      stackLayer({ 'bin/b.sh': '${MOTD}' }),
    ]
    expect(plan(...layers).fills.map(({ path }) => path)).toEqual(['bin/a.sh'])
  })

  it('hides a whole folder with one whiteout, and nothing that no overlay would show', () => {
    const layers = [
      stackLayer({ 'world/a': '', 'world/b/c': '', 'mods/old.jar': '', 'was-folder/x': '' }),
      stackLayer({ 'was-folder': 'now a file' }, { remove: ['world', 'mods/old.jar'] }),
    ]
    expect(plan(...layers).whiteouts).toEqual(['mods/old.jar', 'world'])
  })

  it('hides the rest of a folder that a later layer brings back', () => {
    const layers = [
      stackLayer({ 'world/a': '', 'world/b/c': '', 'world/d': '' }),
      stackLayer({ 'world/d': '2' }, { remove: ['world'] }),
    ]
    expect(plan(...layers).whiteouts).toEqual(['world/a', 'world/b'])
  })

  it('names equal results alike, and others not', () => {
    const base = [stackLayer({ 'a.txt': '${MOTD}' }), stackLayer({ b: '' })]
    const hash = (map: Record<string, string>, layers = base) =>
      planStack(mergeStack(layers), { values: new Map(Object.entries(map)) }).planHash
    const first = hash({ MOTD: 'hi' })
    expect(first).toMatch(/^[0-9a-f]{64}$/)
    expect(hash({ UNUSED: 'x', MOTD: 'hi' })).toBe(first)
    expect(hash({ MOTD: 'ho' })).not.toBe(first)
    expect(hash({})).not.toBe(first)
    expect(hash({ MOTD: 'hi' }, [...base].reverse())).not.toBe(first)
    expect(hash({ MOTD: 'hi' }, [...base, stackLayer({ c: '' })])).not.toBe(first)
  })
})
