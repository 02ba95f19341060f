import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

const root = join(import.meta.dirname, '..', '..', '..')
const read = (name: string) => readFileSync(join(root, name), 'utf8')
const lines = read('.dockerignore').split('\n')

it('leaves a build inside Docker every tsconfig that the root names: the bundler reads them all', () => {
  const { references } = z
    .object({ references: z.array(z.object({ path: z.string() })) })
    .parse(parse(read('tsconfig.json')))
  const folders = references.map(({ path }) => path.replace('./', '')).filter(path => !path.startsWith('.nuxt/'))
  expect(folders).toContain('tests')
  for (const folder of folders) {
    expect(lines).not.toContain(folder)
    if (lines.includes(`${folder}/*`)) expect(lines).toContain(`!${folder}/tsconfig.json`)
  }
})

it('keeps what is private or of this machine out of the build', () => {
  for (const kept of ['.git', '.env', '.env.*', 'data', 'node_modules', '.strata']) expect(lines).toContain(kept)
})
