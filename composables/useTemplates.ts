import { page } from '../shared/schemas/common'
import { templateSummary, type TemplateSummary } from '../shared/schemas/template'
import { POLICY } from '../shared/domain/policy'
import { gather } from './live/gather'

const answer = page(templateSummary)
const REREAD_MS = 500

/** All templates with their newest version. Read again when one changes. */
export function useTemplates() {
  const api = useApi()
  const resource = useResource(async signal => {
    const items: TemplateSummary[] = []
    let cursor: string | undefined
    do {
      const part = await api('/templates', { query: { limit: POLICY.lists.maxLimit, cursor }, answer, signal })
      items.push(...part.items)
      cursor = part.nextCursor ?? undefined
    } while (cursor)
    return items
  })
  useLive('template.changed', gather(resource.load, REREAD_MS))
  return resource
}
