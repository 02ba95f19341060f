import { join } from 'node:path'
import { Linter } from 'eslint'
import tseslint from 'typescript-eslint'
import { expect, test } from 'vitest'
import { arrowsRule } from '../../../lint/arrows.mjs'

const root = join(import.meta.dirname, '../../..')

function faultsOf(path: string, code: string): string[] {
  const linter = new Linter({ cwd: root })
  const config = {
    files: ['**/*.ts', '**/*.vue'],
    languageOptions: { parser: tseslint.parser as Linter.Parser },
    plugins: { strata: { rules: { arrows: arrowsRule } } },
    rules: { 'strata/arrows': 'error' as const },
  }
  return linter.verify(code, config, { filename: join(root, path) }).map(({ message }) => message)
}

const forbidden = [
  ['shared/schemas/x.ts', '../../core/stack/merge'],
  ['shared/schemas/x.ts', 'yaml'],
  ['shared/schemas/x.ts', 'node:fs'],
  ['core/archive/x.ts', '../../server/ports'],
  ['core/archive/x.ts', '../../agent/config'],
  ['core/archive/x.ts', 'h3'],
  ['core/archive/x.ts', 'nitropack/runtime'],
  ['core/archive/x.ts', 'drizzle-orm/sqlite-core'],
  ['core/archive/x.ts', 'socket.io'],
  ['core/archive/x.ts', 'dockerode'],
  ['server/domain/decide.ts', '../services/instance-service'],
  ['server/domain/decide.ts', '../db/client'],
  ['server/domain/decide.ts', 'h3'],
  ['server/domain/decide.ts', 'node:fs'],
  ['server/services/x.ts', '../db/client'],
  ['server/services/x.ts', '../gateway/engine'],
  ['server/services/x.ts', 'drizzle-orm'],
  ['server/db/x.ts', '../services/account-service'],
  ['server/store/disk.ts', '../services/template-service'],
  ['server/api/v1/x.ts', '../../../agent/config'],
  ['server/api/v1/x.ts', '~~/composables/useNode'],
  ['agent/main.ts', '../server/ports'],
  ['agent/runtime/x.ts', '../../server/domain/decide'],
  ['agent/main.ts', '../composables/useNode'],
  ['pages/index.vue', '../server/ports'],
  ['components/node/x.ts', '~~/core/stack/merge'],
  ['composables/useNode.ts', '../agent/config'],
  ['composables/useNode.ts', 'node:fs'],
] as const

test.each(forbidden)('%s may not import %s', (path, specifier) => {
  expect(faultsOf(path, `import { x } from '${specifier}'\nexport { x }`)).toHaveLength(1)
})

test.each([
  ['shared/protocol/agent.ts', '../schemas/common'],
  ['shared/protocol/agent.ts', 'zod'],
  ['core/stack/merge.ts', '../../shared/schemas/manifest'],
  ['core/stack/merge.ts', 'node:crypto'],
  ['server/domain/decide.ts', '../../shared/domain/policy'],
  ['server/services/x.ts', '../ports'],
  ['server/services/x.ts', '../domain/decide'],
  ['server/db/stores/x.ts', 'drizzle-orm'],
  ['server/api/v1/x.ts', '../../../core/stack/merge'],
  ['agent/main.ts', '../core/archive/read'],
  ['agent/main.ts', 'dockerode'],
  ['pages/index.vue', '#shared/schemas/node'],
  ['pages/index.vue', '~/composables/useNode'],
  ['tests/unit/x.test.ts', '../../server/db/client'],
])('%s may import %s', (path, specifier) => {
  expect(faultsOf(path, `import { x } from '${specifier}'\nexport { x }`)).toEqual([])
})

test.each([
  ["export * from '../server/ports'"],
  ["export { x } from '../server/ports'"],
  ["await import('../server/ports')"],
  ["export type X = import('../server/ports').X"],
])('every form of import counts: %s', code => {
  expect(faultsOf('agent/main.ts', code)).toHaveLength(1)
})
