import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseManifest } from '../../../core/archive/manifest-file'
import { createStackService } from '../../../server/services/stack-service'
import type { StackPreview } from '../../../shared/schemas/stack'
import { file, tar } from '../../factories/tar'
import { openTestLibrary } from '../../support/library'
import { filesBelow } from '../../support/files-below'

const EXAMPLES = join(import.meta.dirname, '..', '..', '..', 'examples')
const folders = (path: string) =>
  readdirSync(path, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
const games = folders(EXAMPLES).filter(game => game !== 'proxy')
const layersOf = (game: string) => folders(join(EXAMPLES, game)).filter(name => name !== 'image')

/** What somebody puts beside `strata.yaml`, because it is not ours to ship. */
const GAME_FILES: Record<string, string[]> = {
  'hytale-base': ['HytaleServer.jar', 'Assets.zip'],
  'valheim-base': ['valheim_server.x86_64'],
  'terraria-base': ['TerrariaServer.bin.x86_64'],
}

async function pack(game: string, layer: string, withGameFiles = true): Promise<Buffer> {
  const folder = join(EXAMPLES, game, layer)
  const own = (await filesBelow(folder)).map(path => file(path, readFileSync(join(folder, path))))
  const added = withGameFiles ? (GAME_FILES[layer] ?? []).map(path => file(path, 'of the game')) : []
  return tar(...own, ...added)
}

describe('the examples', () => {
  let library: Awaited<ReturnType<typeof openTestLibrary>>
  beforeAll(async () => {
    library = await openTestLibrary()
    for (const game of games)
      for (const layer of layersOf(game)) {
        const { type = 'custom' } = parseManifest(readFileSync(join(EXAMPLES, game, layer, 'strata.yaml')))
        await library.publish(`${layer}@1`, await pack(game, layer), undefined, type)
      }
  })
  afterAll(() => library.close())

  function preview(layers: string[], variables: Record<string, string> = {}): Promise<StackPreview> {
    return createStackService(library).preview({
      layers: layers.map(template => ({ template, version: '1' })),
      variables,
    })
  }

  it.each(games.filter(game => game !== 'hello'))('%s says in words how it is published', game => {
    const text = readFileSync(join(EXAMPLES, game, 'README.md'), 'utf8')
    for (const layer of layersOf(game)) expect(text).toContain(layer)
    expect(text).toContain('/api/v1/templates/')
  })

  it.each(games.flatMap(game => layersOf(game).map(layer => [game, layer])))('%s/%s names itself', (game, layer) => {
    const manifest = parseManifest(readFileSync(join(EXAMPLES, game, layer, 'strata.yaml')))
    expect(manifest).toMatchObject({ id: layer, type: expect.any(String), description: expect.any(String) })
  })

  it.each([
    ['hytale', ['hytale-base', 'hytale-settings'], {}],
    ['minecraft-java', ['minecraft-java'], { EULA: 'TRUE' }],
    ['minecraft-bedrock', ['minecraft-bedrock'], { EULA: 'TRUE' }],
    ['valheim', ['valheim-base'], { SERVER_PASSWORD: 'long enough' }],
    ['terraria', ['terraria-base'], {}],
    ['luanti', ['luanti-base', 'luanti-creative'], {}],
    ['teeworlds', ['teeworlds-base', 'teeworlds-ctf'], {}],
    ['openttd', ['openttd-base'], {}],
  ])('%s merges into something that can be run', async (_game, layers, variables) => {
    const merged = await preview(layers, variables)
    expect(merged.conflicts.filter(conflict => conflict.blocking)).toEqual([])
    expect(merged.unknownPlaceholders).toEqual([])
    expect(merged.variables.filter(variable => variable.missing)).toEqual([])
    expect(merged.runtime).toMatchObject({
      image: expect.any(String),
      ports: expect.any(Array),
      ready: expect.any(Object),
    })
  })

  it.each(['minecraft-java', 'minecraft-bedrock'])(
    '%s is not run by anybody who has not accepted the licence',
    async id => {
      const missing = (await preview([id])).variables.filter(variable => variable.missing)
      expect(missing.map(variable => variable.name)).toEqual(['EULA'])
      const refused = (await preview([id], { EULA: 'maybe' })).conflicts.filter(conflict => conflict.blocking)
      expect(refused.map(conflict => conflict.code)).toEqual(['VARIABLE_INVALID'])
    },
  )

  it('Hytale without its game files says which are missing', async () => {
    await library.publish('hytale-base@empty', await pack('hytale', 'hytale-base', false), undefined, 'master')
    const { conflicts } = await createStackService(library).preview({
      layers: [{ template: 'hytale-base', version: 'empty' }],
    })
    const missing = conflicts.filter(conflict => conflict.blocking).map(conflict => conflict.path)
    expect(missing).toEqual(GAME_FILES['hytale-base'])
  })

  it('Hytale is started as its manual says', async () => {
    const { runtime } = await preview(['hytale-base', 'hytale-settings'])
    expect(runtime).toMatchObject({
      command: expect.arrayContaining(['HytaleServer.jar', '--assets', 'Assets.zip']),
      ports: [{ name: 'game', protocol: 'udp', container: 5520 }],
      ready: { log: 'Hytale Server Booted' },
      stop: { input: 'stop' },
      exitCodes: { 8: 'restart' },
      env: { HYTALE_DISABLE_UPDATES: 'true' },
    })
  })
})
