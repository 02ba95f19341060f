import { expect, it } from 'vitest'
import { guessFromFileName, isArchiveName } from '../../../../composables/template/file-name'
import { templateId, templateVersion } from '../../../../shared/schemas/common'

it.each([
  ['hytale-base-1.4.0.tar.gz', 'hytale-base', '1.4.0'],
  ['map_v2.tgz', 'map', '2'],
  ['My Map-2026.11.tar.zst', 'my-map', '2026.11'],
  ['lobby@3.tar', 'lobby', '3'],
  ['lobby.tar', 'lobby', ''],
])('%s', (file, id, version) => {
  expect(guessFromFileName(file)).toEqual({ id, version })
  expect(templateId.safeParse(id).success).toBe(true)
  expect(version === '' || templateVersion.safeParse(version).success).toBe(true)
})

it('knows archives by their names', () => {
  expect(['a.tar', 'a.TAR.GZ', 'a.tgz', 'a.tar.zst'].every(isArchiveName)).toBe(true)
  expect(['a.zip', 'a.gz', 'tar', 'a.tar.xz'].some(isArchiveName)).toBe(false)
})
