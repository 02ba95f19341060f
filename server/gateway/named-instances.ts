/**
 * Every instance that a parsed message names: the values of `instanceId` at any depth. Found by walking, not by a list of
 * messages, so that a message added to the protocol is covered without anybody remembering it.
 */
export function namedInstances(payload: unknown): string[] {
  const found = new Set<string>()
  collect(payload, found)
  return [...found]
}

function collect(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'instanceId' && typeof inner === 'string') found.add(inner)
      else collect(inner, found)
    }
  }
}
