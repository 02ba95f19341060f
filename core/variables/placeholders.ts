import { AppError } from '../../shared/errors'
import { POLICY } from '../../shared/domain/policy'

/** `${NAME}`, with the `$` before it that makes it literal, if there is one. Names as in `schemas/common.ts`. */
const PLACEHOLDER = /(\$?)\$\{([A-Z][A-Z0-9_]{0,63})\}/g
const OPENING = '${'

/**
 * The names that stand as `${NAME}` in a text, each once, in the order of their first place; `$${NAME}` counts too,
 * since filling it in changes the file. Says nothing about whether the names are known.
 */
export function scanPlaceholders(content: string | Buffer): string[] {
  if (!content.includes(OPENING)) return []
  const names = new Set<string>()
  for (const match of toText(content).matchAll(PLACEHOLDER)) names.add(match[2] ?? '')
  return [...names]
}

/**
 * Fills in known names, once and literally: a value is never looked at again, `$${NAME}` of a known name becomes
 * `${NAME}`, an unknown name stays as it is. Bytes outside placeholders pass unchanged, whatever their encoding.
 *
 * @throws AppError TOO_BIG when the result would be larger than `POLICY.files.filledResultBytes`: a small file can
 *   name a large value a million times.
 */
export function fillIn(content: Buffer, values: ReadonlyMap<string, string>): Buffer {
  // Latin-1 keeps every byte as one character, so that values in UTF-8 can be put between them untouched.
  const limit = POLICY.files.filledResultBytes
  const filled = fillInText(content.toString('latin1'), name => asLatin1(values.get(name)), limit)
  if (filled === undefined) {
    throw new AppError(
      'TOO_BIG',
      `A file takes more than ${limit} bytes once its variables are filled in. Use shorter values, or name them less often.`,
    )
  }
  return Buffer.from(filled, 'latin1')
}

/** The same for a text; undefined when the result would be longer than `limit` characters. */
export function fillInText(
  text: string,
  valueOf: (name: string) => string | undefined,
  limit: number,
): string | undefined {
  const parts: string[] = []
  let from = 0
  let length = 0
  for (const match of text.matchAll(PLACEHOLDER)) {
    const [whole, escape, name] = match
    const value = valueOf(name ?? '')
    if (value === undefined) continue
    const replacement = escape ? whole.slice(1) : value
    const before = text.slice(from, match.index)
    parts.push(before, replacement)
    length += before.length + replacement.length
    if (length > limit) return undefined
    from = match.index + whole.length
  }
  parts.push(text.slice(from))
  return length + text.length - from > limit ? undefined : parts.join('')
}

function asLatin1(value: string | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value, 'utf8').toString('latin1')
}

function toText(content: string | Buffer): string {
  return typeof content === 'string' ? content : content.toString('latin1')
}
