import { describe, expect, it } from 'vitest'
import { previewStack } from '../../../../core/stack/preview-stack'
import { manifest } from '../../../../shared/schemas/manifest'
import { stackPreview } from '../../../../shared/schemas/stack'
import { stackLayer } from '../../../factories/stack'

const base = stackLayer(
  {
    'server.properties': 'motd=${MOTD}\nport=${PORT}\nx=${UNKNOWN}',
    'old.jar': 'x',
    'run.sh': '${MOTD}',
    world: '-> maps',
  },
  manifest.parse({
    type: 'master',
    variables: {
      MOTD: { description: 'Shown', default: 'Welcome to ${INSTANCE_NAME}', pattern: '^.{1,64}$' },
      TOKEN: { secret: true, default: 'hidden' },
    },
    require: ['server.jar'],
    paths: { seed: ['world/**'] },
    runtime: { command: ['run', '${PORT_GAME}', '${TOKEN}'], ports: [{ name: 'game', protocol: 'udp' }] },
  }),
  'base',
)
const mode = stackLayer(
  { 'server.properties': 'motd=${MOTD} ${NEEDED}', 'world/level.dat': 'x' },
  manifest.parse({
    type: 'gamemode',
    remove: ['*.jar'],
    variables: { NEEDED: { required: true } },
    runtime: { env: { A: '1' } },
  }),
  'mode',
)

describe('previewStack', () => {
  const preview = previewStack([base, mode], { EXTRA: 'x' })

  it('answers in the shape of the contract', () => {
    expect(stackPreview.parse(preview)).toEqual(preview)
    expect(preview.layers).toMatchObject([
      { template: 'base', type: 'master', files: 3 },
      { template: 'mode', type: 'gamemode', files: 2 },
    ])
    expect(preview.totalBytes).toBe('motd=${MOTD} ${NEEDED}'.length + '${MOTD}'.length + 1)
  })

  it('shows every path with its winner and those it overrides', () => {
    expect(
      preview.entries.map(({ path, type, layer, overrides, filledIn }) => [path, type, layer, overrides, filledIn]),
    ).toEqual([
      ['run.sh', 'file', 0, [], false],
      ['server.properties', 'file', 1, [0], true],
      ['world', 'dir', 1, [0], false],
      ['world/level.dat', 'file', 1, [], false],
    ])
    expect(preview.removed).toEqual([{ path: 'old.jar', layer: 0, by: 1 }])
  })

  it('shows variables with the places where they stand, and no secret', () => {
    expect(
      preview.variables.map(({ name, builtIn, declaredBy, default: value, missing, occurrences }) => [
        name,
        builtIn,
        declaredBy,
        value,
        missing,
        occurrences,
      ]),
    ).toEqual([
      ['INSTANCE_NAME', true, null, null, false, ['variables.MOTD.default']],
      ['MOTD', false, 0, 'Welcome to ${INSTANCE_NAME}', false, ['server.properties']],
      ['NEEDED', false, 1, null, true, ['server.properties']],
      ['PORT_GAME', true, null, null, false, ['runtime.command[1]']],
      ['TOKEN', false, 0, null, false, ['runtime.command[2]']],
    ])
    expect(JSON.stringify(preview)).not.toContain('hidden')
  })

  it('lists names that nobody declares', () => {
    expect(previewStack([base]).unknownPlaceholders).toEqual([{ name: 'UNKNOWN', occurrences: ['server.properties'] }])
    expect(preview.unknownPlaceholders).toEqual([])
  })

  it('tells what is in the way, and what is worth knowing', () => {
    expect(preview.conflicts.map(({ code, path, blocking }) => [code, path, blocking])).toEqual([
      ['REQUIRED_FILE_MISSING', 'server.jar', true],
      ['RUNTIME_INCOMPLETE', 'runtime.image', true],
      ['VARIABLES_MISSING', 'variables.NEEDED', true],
      ['VARIABLE_UNKNOWN', 'variables.EXTRA', false],
      ['TYPE_CHANGED', 'world', false],
      ['PATHS_NOT_CARRIED_OUT', null, false],
    ])
  })

  it('shows the merged runtime as it is written', () => {
    expect(preview.runtime).toMatchObject({ command: ['run', '${PORT_GAME}', '${TOKEN}'], env: { A: '1' } })
  })

  it('has nothing to say against a stack that is right', () => {
    const right = stackLayer({ 'server.jar': '' }, manifest.parse({ require: ['*.jar'], runtime: { image: 'x' } }))
    expect(previewStack([right])).toMatchObject({ conflicts: [], variables: [], unknownPlaceholders: [] })
  })
})
