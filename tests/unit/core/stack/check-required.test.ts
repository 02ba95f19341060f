import { describe, expect, it } from 'vitest'
import { checkRequired } from '../../../../core/stack/check-required'
import { mergeStack } from '../../../../core/stack/merge-stack'
import type { StackLayer } from '../../../../core/stack/merge-stack'
import { stackLayer } from '../../../factories/stack'

const check = (...layers: StackLayer[]) => checkRequired(mergeStack(layers), layers)

describe('checkRequired', () => {
  it('is content when every glob matches something of the result', () => {
    const base = stackLayer({}, { require: ['server.jar', 'mods/*.jar'] })
    expect(() => check(base, stackLayer({ 'server.jar': '', 'mods/a.jar': '' }))).not.toThrow()
  })

  it('lists every glob without a match, and who needs it', () => {
    const base = stackLayer({ 'server.jar': '', world: null }, { require: ['server.jar', 'world/**', 'x'] }, 'base')
    const other = stackLayer({}, { remove: ['server.jar'], require: ['x'] }, 'mode')
    expect(() => check(base, other)).toThrow(
      expect.objectContaining({
        code: 'REQUIRED_FILE_MISSING',
        issues: [
          { path: 'server.jar', message: 'required by base@1, and no layer has it' },
          { path: 'world/**', message: 'required by base@1, and no layer has it' },
          { path: 'x', message: 'required by base@1, mode@1, and no layer has it' },
        ],
      }),
    )
  })
})
