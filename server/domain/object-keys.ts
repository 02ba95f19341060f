/**
 * Where the bytes of a template version are. By content: two versions with the same bytes share one object.
 * The first two digits are a folder of their own, so that no folder grows with the number of objects.
 */
export function layerKey(sha256: string): string {
  return `layers/${sha256.slice(0, 2)}/${sha256}`
}

/** Where the index of an archive is: beside the archive, under the checksum of the archive. */
export function indexKey(sha256: string): string {
  return `indexes/${sha256.slice(0, 2)}/${sha256}`
}

/** The sha256 that the bytes under a key must have, where the key says so. */
export function layerChecksumOf(key: string): string | undefined {
  return /^layers\/[0-9a-f]{2}\/([0-9a-f]{64})$/.exec(key)?.[1]
}
