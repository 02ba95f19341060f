import { createHash } from 'node:crypto'
import type { TemplateVersionRecord } from '../../server/ports'

/** `spawn@1` unless said otherwise; its bytes are told apart by `bytes`, any text. */
export function makeVersion(over: Partial<TemplateVersionRecord> & { bytes?: string } = {}): TemplateVersionRecord {
  const { bytes = 'one', ...rest } = over
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return {
    template: 'spawn',
    version: '1',
    type: 'map',
    description: '',
    sha256,
    sizeBytes: 10,
    unpackedBytes: 20,
    files: 1,
    duplicates: 0,
    objectKey: `layers/${sha256}`,
    manifest: {},
    publishedAt: 0,
    publishedBy: 'ada',
    ...rest,
  }
}
