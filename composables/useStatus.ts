import { gather } from './live/gather'
import { status } from '../shared/schemas/status'

/** Often enough to feel live, seldom enough that a thousand changes a second ask the brain once. */
const REREAD_MS = 1_500
/** The chart of running servers moves on although nothing changes. */
const IDLE_REREAD_MS = 60_000

/** Counts, what needs a person, recent events: read again whenever something changed. */
export function useStatus() {
  const api = useApi()
  const resource = useResource(signal => api('/status', { answer: status, signal }))
  const reread = gather(resource.load, REREAD_MS)
  for (const name of ['instance.changed', 'instance.event', 'node.removed', 'template.changed'] as const)
    useLive(name, reread)
  useNodeContactChange(reread)
  useIntervalFn(resource.load, IDLE_REREAD_MS)
  return resource
}

/** Nodes report all the time; only a change of contact or of the engine matters to the counts. */
function useNodeContactChange(then: () => void) {
  const known = new Map<string, string>()
  useLive('node.changed', node => {
    const now = `${node.contact} ${node.specs?.engine.available}`
    if (known.get(node.id) !== now) then()
    known.set(node.id, now)
  })
}
