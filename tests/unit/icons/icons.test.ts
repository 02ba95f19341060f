import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { z } from 'zod'

const ROOT = join(import.meta.dirname, '../../..')
const collection = z.object({
  icons: z.record(z.string(), z.unknown()),
  aliases: z.record(z.string(), z.unknown()).default({}),
})

/** An icon that there is not leaves a hole on the page, and nothing else fails. */
it('every icon that is named is in the collection that is shipped', () => {
  const file = join(ROOT, 'node_modules/@iconify-json/lucide/icons.json')
  const { icons, aliases } = collection.parse(JSON.parse(readFileSync(file, 'utf8')))
  const missing = globSync(['{pages,components,layouts,composables}/**/*.{vue,ts}', '*.{vue,ts}'], {
    cwd: ROOT,
  }).flatMap(source =>
    [...readFileSync(join(ROOT, source), 'utf8').matchAll(/i-lucide-([a-z0-9-]+)/g)]
      .map(match => match[1] ?? '')
      .filter(name => !(name in icons) && !(name in aliases))
      .map(name => `${source}: ${name}`),
  )
  expect(missing).toEqual([])
})
