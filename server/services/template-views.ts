import type { TemplateSummary, TemplateVersionView } from '../../shared/schemas/template'
import type { TemplateRecord, TemplateVersionRecord } from '../ports'

/** A version as users see it. */
export function presentVersion(
  record: TemplateVersionRecord,
  { tags, usage }: Pick<TemplateRecord, 'tags' | 'usage'>,
): TemplateVersionView {
  const { template, ...rest } = record
  const named = Object.keys(tags).filter(tag => tags[tag] === record.version)
  return { id: template, ...rest, tags: named.sort(), usedBy: usage[record.version] ?? 0 }
}

export function presentTemplate(record: TemplateRecord): TemplateSummary {
  const { template, newest, tags, versions, usedBy } = record
  return {
    id: template,
    type: newest.type,
    description: newest.description,
    tags,
    newest: presentVersion(newest, record),
    versions,
    usedBy,
  }
}
