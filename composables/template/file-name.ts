const ENDINGS = /\.(?:tar\.gz|tgz|tar\.zst|tar)$/i

/** True for the kinds of archive that can be published. */
export function isArchiveName(fileName: string): boolean {
  return ENDINGS.test(fileName)
}

/**
 * What a file name suggests: `hytale-base-1.4.0.tar.gz` is version `1.4.0` of `hytale-base`. A guess to start from,
 * shown in fields that can be changed.
 */
export function guessFromFileName(fileName: string): { id: string; version: string } {
  const stem = fileName.replace(ENDINGS, '')
  const match = /^(.+?)[-_@]v?(\d[0-9A-Za-z._+-]*)$/.exec(stem)
  const id = (match?.[1] ?? stem)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
  return { id, version: match?.[2] ?? '' }
}
