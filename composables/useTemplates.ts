import { useThrottleFn } from '@vueuse/core'
import { page } from '../shared/schemas/common'
import { templateSummary, type TemplateSummary } from '../shared/schemas/template'
import { POLICY } from '../shared/domain/policy'

const answer = page(templateSummary)
const REREAD_MS = 1_000

/** All templates with their newest version. Read again when one changes. */
export function useTemplates() {
  const api = useApi()
  const resource = useResource(async (signal) => {
    const items: TemplateSummary[] = []
    let cursor: string | undefined
    do {
      const part = await api('/templates', { query: { limit: POLICY.lists.maxLimit, cursor }, answer, signal })
      items.push(...part.items)
      cursor = part.nextCursor ?? undefined
    } while (cursor)
    return items
  })
  useLive('template.changed', useThrottleFn(resource.load, REREAD_MS, true, false))
  return resource
}
