import { z } from 'zod'
import { description, sha256, tagName, templateId, templateVersion, timestamp } from './common'
import { templateType } from './template-type'
import { indexEntry } from './layer-index'
import { manifest } from './manifest'

export const templateVersionView = z.object({
  id: templateId,
  version: templateVersion,
  sha256,
  sizeBytes: z.int(),
  unpackedBytes: z.int(),
  files: z.int(),
  type: templateType,
  tags: z.array(z.string()),
  description: z.string(),
  objectKey: z.string(),
  publishedAt: timestamp,
  publishedBy: z.string(),
  /** Instances that are locked to it, destroyed ones not counted. */
  usedBy: z.int(),
  /** Paths that came more than once in the archive. */
  duplicates: z.int(),
  manifest,
})
export type TemplateVersionView = z.output<typeof templateVersionView>

export const templateSummary = z.object({
  id: templateId,
  type: templateType,
  description: z.string(),
  /** Tag → version it names now. */
  tags: z.record(z.string(), z.string()),
  newest: templateVersionView.omit({ manifest: true }),
  versions: z.int(),
  usedBy: z.int(),
})
export type TemplateSummary = z.output<typeof templateSummary>
export const templateView = templateSummary.omit({ versions: true }).extend({ versions: z.array(templateVersionView) })
export type TemplateView = z.output<typeof templateView>

export const templateParams = z.strictObject({ id: templateId })
export const versionParams = z.strictObject({ id: templateId, version: templateVersion })
export const publishQuery = z.strictObject({
  type: templateType.optional(),
  description: description.optional(),
  tag: tagName.optional(),
})
export const versionFiles = z.object({ sha256, items: z.array(indexEntry) })
