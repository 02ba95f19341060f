import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPreparer } from '../../agent/prepare/create-preparer'
import type { Prepared, PrepareOptions } from '../../agent/prepare/port'
import type { LayoutKind } from '../../shared/schemas/node'
import type { InstanceSpec } from '../../shared/protocol/agent'
import { directory, file, symlink, tar } from '../factories/tar'
import { instanceSpec } from '../factories/instance-spec'
import { openLayerStore } from '../support/layer-store'
import { readTree } from '../support/read-tree'

/** How the merged directory of a prepared instance is seen, and changed as the server would. */
export interface LayoutDriver {
  layout: LayoutKind
  /** Makes the stack visible; the folder is the server's root until `unmount`. */
  mount(prepared: Prepared, at: string): string
  unmount(at: string): void
}

/** What both layouts promise, byte for byte. */
export function describeLayout(driver: LayoutDriver): void {
  describe(`layout: ${driver.layout}`, () => {
    let base: string
    let store: Awaited<ReturnType<typeof openLayerStore>>
    let node: Awaited<ReturnType<typeof createPreparer>>
    let mounted: string | undefined

    beforeEach(async () => {
      base = mkdtempSync(join(tmpdir(), 'layout-'))
      mkdirSync(join(base, 'seen'))
      store = await openLayerStore()
      node = await openNode()
    })
    afterEach(() => {
      if (mounted) driver.unmount(mounted)
      mounted = undefined
      store.close()
      rmSync(base, { recursive: true, force: true })
    })

    const openNode = () =>
      createPreparer({
        dataDir: base,
        owner: { uid: 1234, gid: 1234 },
        cacheLimitBytes: null,
        layerUrl: store.layerUrl,
        warn: message => {
          throw new Error(message)
        },
      })
    const options = (): PrepareOptions => ({
      layout: driver.layout,
      devMode: false,
      onProgress: () => undefined,
      signal: new AbortController().signal,
    })

    /** Prepares and shows the tree; what was shown before is stopped first, as a server would be. */
    async function see(spec: InstanceSpec): Promise<string> {
      if (mounted) driver.unmount(mounted)
      mounted = undefined
      const prepared = await node.preparer.prepare(spec, 1, options())
      mounted = driver.mount(prepared, join(base, 'seen'))
      return mounted
    }
    const layers = (...archives: Buffer[]) => archives.map((bytes, at) => store.layer(bytes, `layer-${at}`))

    it('shows the last layer that has a path, whole folders merged', async () => {
      const root = await see(
        instanceSpec({
          layers: layers(
            tar(
              directory('mods'),
              file('mods/a.jar', 'a1'),
              file('mods/b.jar', 'b1'),
              file('run.sh', '#!', 0o755),
              directory('empty'),
            ),
            tar(directory('mods'), file('mods/b.jar', 'b2'), file('mods/c.jar', Buffer.from([0, 255, 36, 123]))),
          ),
        }),
      )
      expect(readTree(root)).toEqual({
        'empty/': '1234:1234 755',
        'mods/': '1234:1234 755',
        'mods/a.jar': '1234:1234 644 a1',
        'mods/b.jar': '1234:1234 644 b2',
        'mods/c.jar': '1234:1234 644 \0\xff${',
        'run.sh': '1234:1234 755 #!',
      })
    })

    it('takes away what a layer removes from those below, not from itself', async () => {
      const root = await see(
        instanceSpec({
          layers: layers(
            tar(
              file('world/old/region', '1'),
              file('world/level', '1'),
              file('mods/old-a.jar', 'a'),
              file('mods/keep.jar', 'k'),
            ),
            tar(file('strata.yaml', 'remove: ["world/**", "mods/old-*.jar"]'), file('world/new', '2')),
          ),
        }),
      )
      expect(Object.keys(readTree(root))).toEqual(['mods/', 'mods/keep.jar', 'world/', 'world/new'])
    })

    it('fills in what is declared, in text, and leaves every other byte alone', async () => {
      const binary = Buffer.from('PK\0${MOTD}\xff', 'latin1')
      const root = await see(
        instanceSpec({
          variables: { MOTD: 'a $& b ${OTHER} $1', PORT: '25000', OTHER: 'never inside a value' },
          layers: layers(
            tar(
              file('strata.yaml', 'substitute: ["bin/*.sh"]'),
              file(
                'server.json',
                '{"motd":"${MOTD}","port":${PORT},"path":"${PATH}","proto":"${__proto__}","esc":"$${MOTD}"}',
              ),
              file('bin/run.sh', 'echo ${MOTD}', 0o755),
              file('notes.md', '${MOTD}'),
              file('data.txt', binary),
            ),
          ),
        }),
      )
      expect(readFileSync(join(root, 'server.json'), 'utf8')).toBe(
        '{"motd":"a $& b ${OTHER} $1","port":25000,"path":"${PATH}","proto":"${__proto__}","esc":"${MOTD}"}',
      )
      expect(readTree(root)['bin/run.sh']).toBe('1234:1234 755 echo a $& b ${OTHER} $1')
      expect(readFileSync(join(root, 'notes.md'), 'utf8')).toBe('${MOTD}')
      expect(readFileSync(join(root, 'data.txt')).equals(binary)).toBe(true)
    })

    it('replaces links, files and folders by each other, and writes through none', async () => {
      const canary = join(base, 'canary')
      mkdirSync(canary)
      const root = await see(
        instanceSpec({
          layers: layers(
            tar(
              directory('real'),
              file('real/x', '1'),
              symlink('world', 'real'),
              file('a', 'file'),
              directory('b'),
              file('b/x', 'x'),
            ),
            tar(
              directory('world'),
              file('world/server.properties', 'p'),
              directory('a'),
              file('a/y', 'y'),
              file('b', 'file'),
            ),
          ),
        }),
      )
      const tree = readTree(root)
      expect(Object.keys(tree)).toEqual(['a/', 'a/y', 'b', 'real/', 'real/x', 'world/', 'world/server.properties'])
      expect(tree['b']).toBe('1234:1234 644 file')
      expect(readdirSync(canary)).toEqual([])
    })

    it('brings a folder back over a file over a folder without what lay below', async () => {
      const root = await see(
        instanceSpec({ layers: layers(tar(file('d/deep/old', '1')), tar(file('d', 'file')), tar(file('d/new', '3'))) }),
      )
      expect(Object.keys(readTree(root))).toEqual(['d/', 'd/new'])
    })

    it('keeps names in any language, links and executable bits', async () => {
      const root = await see(
        instanceSpec({
          layers: layers(
            tar(directory('Wörld 世界'), file('Wörld 世界/ключ', 'k', 0o755), symlink('now', 'Wörld 世界')),
          ),
        }),
      )
      expect(readTree(root)).toEqual({
        'Wörld 世界/': '1234:1234 755',
        'Wörld 世界/ключ': '1234:1234 755 k',
        now: '-> Wörld 世界',
      })
    })

    it('lets the server keep what it wrote, changed and deleted through new versions of the layers', async () => {
      const first = layers(
        tar(file('server.json', 'v1'), file('plugin.jar', 'v1'), file('tip', 'v1'), file('world/level', 'v1')),
      )
      const root = await see(instanceSpec({ layers: first }))
      writeFileSync(join(root, 'server.json'), 'the server changed this')
      writeFileSync(join(root, 'world/player'), 'own')
      unlinkSync(join(root, 'tip'))
      const again = await see(
        instanceSpec({
          layers: layers(
            tar(file('server.json', 'v2'), file('plugin.jar', 'v2'), file('tip', 'v2'), file('world/level', 'v2')),
          ),
        }),
      )
      expect(readFileSync(join(again, 'server.json'), 'utf8')).toBe('the server changed this')
      expect(readFileSync(join(again, 'plugin.jar'), 'utf8')).toBe('v2')
      expect(readFileSync(join(again, 'world/level'), 'utf8')).toBe('v2')
      expect(readFileSync(join(again, 'world/player'), 'utf8')).toBe('own')
      expect(existsSync(join(again, 'tip'))).toBe(false)
    })

    it('lets a filled-in file follow its variables until the server changes it', async () => {
      const stack = layers(tar(file('a.json', '${MOTD}'), file('b.json', '${MOTD}')))
      const root = await see(instanceSpec({ layers: stack, variables: { MOTD: 'one' } }))
      writeFileSync(join(root, 'b.json'), 'own')
      const again = await see(instanceSpec({ layers: stack, variables: { MOTD: 'two' } }))
      expect([readFileSync(join(again, 'a.json'), 'utf8'), readFileSync(join(again, 'b.json'), 'utf8')]).toEqual([
        'two',
        'own',
      ])
    })

    it('starts from clean own files when they are not to be kept', async () => {
      const stack = layers(tar(file('a', 'layer')))
      const root = await see(instanceSpec({ layers: stack, persistent: false }))
      writeFileSync(join(root, 'a'), 'own')
      writeFileSync(join(root, 'b'), 'own')
      const again = await see(instanceSpec({ layers: stack, persistent: false }))
      expect(readTree(again)).toEqual({ a: '1234:1234 644 layer' })
    })

    it('never writes into a layer, whatever the server does', async () => {
      const stack = layers(tar(file('a', 'layer'), file('d/x', 'layer')))
      const root = await see(instanceSpec({ layers: stack }))
      writeFileSync(join(root, 'a'), 'own')
      chmodSync(join(root, 'd/x'), 0o600)
      renameSync(join(root, 'd/x'), join(root, 'd/y'))
      symlinkSync('/etc', join(root, 'etc'))
      const other = await see(instanceSpec({ id: 'i-other', layers: stack }))
      expect(readTree(other)).toEqual({ a: '1234:1234 644 layer', 'd/': '1234:1234 755', 'd/x': '1234:1234 644 layer' })
    })

    it('gives the same hash for the same plan and another for other values', async () => {
      const stack = layers(tar(file('a.json', '${MOTD}')))
      const hash = async (variables: Record<string, string>) =>
        (await node.preparer.prepare(instanceSpec({ layers: stack, variables }), 1, options())).planHash
      const one = await hash({ MOTD: 'one' })
      expect(await hash({ MOTD: 'one' })).toBe(one)
      expect(await hash({ MOTD: 'two' })).not.toBe(one)
    })

    it('refuses a stack without a required file and leaves own files as they were', async () => {
      const root = await see(instanceSpec({ layers: layers(tar(file('a', '1'))) }))
      writeFileSync(join(root, 'own'), 'mine')
      const lacking = instanceSpec({
        layers: layers(tar(file('strata.yaml', 'require: [HytaleServer.jar]'), file('a', '2'))),
      })
      await expect(node.preparer.prepare(lacking, 2, options())).rejects.toMatchObject({
        code: 'REQUIRED_FILE_MISSING',
      })
      const again = await see(instanceSpec({ layers: layers(tar(file('a', '1'))) }))
      expect(readFileSync(join(again, 'own'), 'utf8')).toBe('mine')
      expect(readdirSync(join(base, 'staging'))).toEqual([])
    })

    it('refuses to lay own files out in another layout', async () => {
      const stack = layers(tar(file('a', '1')))
      await see(instanceSpec({ layers: stack }))
      const other: PrepareOptions = { ...options(), layout: driver.layout === 'copy' ? 'overlay' : 'copy' }
      await expect(node.preparer.prepare(instanceSpec({ layers: stack }), 2, other)).rejects.toMatchObject({
        code: 'LAYOUT_FAILED',
      })
    })

    it('holds layers through a restart of the agent until they are released, and removes everything when discarded', async () => {
      const stack = layers(tar(file('a', '1')))
      await see(instanceSpec({ layers: stack }))
      if (mounted) driver.unmount(mounted)
      mounted = undefined
      node = await openNode()
      expect(await node.cache.purge()).toMatchObject({ removedLayers: 0, keptInUse: 1 })
      await node.preparer.reconcile({ known: ['i-test'], held: [] })
      expect(await node.cache.purge()).toMatchObject({ removedLayers: 1, keptInUse: 0 })
      await node.preparer.discard('i-test')
      await node.preparer.discard('i-test')
      expect([
        readdirSync(join(base, 'stacks')),
        readdirSync(join(base, 'layers')),
        readdirSync(join(base, 'staging')),
      ]).toEqual([[], [], []])
    })

    it('tells of folders that nobody knows and leaves them alone', async () => {
      await see(instanceSpec({ layers: layers(tar(file('a', '1'))) }))
      expect(await node.preparer.reconcile({ known: [], held: [] })).toEqual({ unknown: ['i-test'] })
      expect(readdirSync(join(base, 'stacks'))).toEqual(['i-test'])
    })
  })
}
