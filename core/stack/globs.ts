import { AppError } from '../../shared/errors'

/** True when a path matches. A folder itself matches `folder/**`; a file of that name does not. */
export type GlobMatcher = (path: string, isDirectory?: boolean) => boolean

/** More alternatives than anybody writes by hand. */
const MAX_ALTERNATIVES = 100

/**
 * Compiles the globs of `strata.yaml`: `*` and `?` within a component, `**` across any number of them, `[a-z]`,
 * `[!a-z]`, `{one,other}`. Case counts, and names that begin with a dot are names like all others. Ours rather than a
 * package's because packages make regular expressions of globs, and a stranger's `*a*a*a*b` would keep one busy for
 * hours; here the work is at most the product of both lengths.
 *
 * @throws AppError METADATA_INVALID when the braces of a glob stand for more than 100 alternatives.
 */
export function compileGlobs(globs: readonly string[]): GlobMatcher {
  const patterns = globs.flatMap(expandBraces).map(compile)
  return (path, isDirectory = false) => {
    let parts: string[] | undefined
    for (const pattern of patterns) {
      if (!pattern.mayMatch(path)) continue
      parts ??= path.split('/')
      if (matchParts(pattern.parts, parts, isDirectory)) return true
    }
    return false
  }
}

type Token = string | typeof ANY | typeof STAR | CharacterClass
type Part = readonly Token[] | typeof GLOBSTAR
interface CharacterClass {
  isNegated: boolean
  ranges: readonly (readonly [string, string])[]
}
const ANY = Symbol('?')
const STAR = Symbol('*')
const GLOBSTAR = Symbol('**')

function compile(glob: string): { parts: readonly Part[]; mayMatch: (path: string) => boolean } {
  const names = glob.split('/').filter(name => name !== '' && name !== '.')
  const parts = names
    .filter((name, at) => name !== '**' || names[at - 1] !== '**')
    .map(name => (name === '**' ? GLOBSTAR : tokens(name)))
  // Up to the first component with anything special in it, a path has to be the same.
  const special = names.findIndex(name => /[*?[]/.test(name))
  const literal = names.slice(0, special < 0 ? names.length : special).join('/')
  return { parts, mayMatch: path => path.startsWith(literal) }
}

function tokens(name: string): Token[] {
  const found: Token[] = []
  for (let at = 0; at < name.length; at += 1) {
    const char = name.charAt(at)
    const closing = char === '[' ? name.indexOf(']', at + 2 + (name[at + 1] === '!' ? 1 : 0)) : -1
    if (closing > 0) {
      found.push(characterClass(name.slice(at + 1, closing)))
      at = closing
    } else if (char === '*') {
      if (found.at(-1) !== STAR) found.push(STAR)
    } else found.push(char === '?' ? ANY : char)
  }
  return found
}

function characterClass(inside: string): CharacterClass {
  const isNegated = inside.startsWith('!') || inside.startsWith('^')
  const ranges = [...inside.slice(isNegated ? 1 : 0).matchAll(/(.)-(.)|(.)/gs)]
  return { isNegated, ranges: ranges.map(([, from, to, one]) => [from ?? one ?? '', to ?? one ?? ''] as const) }
}

/** Walks both lists; on a mismatch the last `**` takes one component more. Nothing before it needs another try. */
function matchParts(pattern: readonly Part[], path: readonly string[], isDirectory: boolean): boolean {
  let at = 0
  let partAt = 0
  let starAt = -1
  let retryAt = 0
  while (at < path.length) {
    const part = pattern[partAt]
    if (part === GLOBSTAR) {
      starAt = partAt
      retryAt = at
      partAt += 1
    } else if (part !== undefined && matchName(part, path[at] ?? '')) {
      at += 1
      partAt += 1
    } else if (starAt >= 0) {
      retryAt += 1
      at = retryAt
      partAt = starAt + 1
    } else return false
  }
  if (partAt === pattern.length) return true
  return isDirectory && partAt === pattern.length - 1 && pattern[partAt] === GLOBSTAR
}

/** The same for the characters of one component and `*`. */
function matchName(pattern: readonly Token[], name: string): boolean {
  let at = 0
  let tokenAt = 0
  let starAt = -1
  let retryAt = 0
  while (at < name.length) {
    const token = pattern[tokenAt]
    if (token === STAR) {
      starAt = tokenAt
      retryAt = at
      tokenAt += 1
    } else if (token !== undefined && matchesCharacter(token, name.charAt(at))) {
      at += 1
      tokenAt += 1
    } else if (starAt >= 0) {
      retryAt += 1
      at = retryAt
      tokenAt = starAt + 1
    } else return false
  }
  while (pattern[tokenAt] === STAR) tokenAt += 1
  return tokenAt === pattern.length
}

function matchesCharacter(token: Exclude<Token, typeof STAR>, char: string): boolean {
  if (token === ANY) return true
  if (typeof token === 'string') return token === char
  return token.ranges.some(([from, to]) => from <= char && char <= to) !== token.isNegated
}

/** `a{b,c}` → `ab`, `ac`; braces without a comma or a partner are letters like all others. */
function expandBraces(glob: string): string[] {
  const done: string[] = []
  const open = [glob]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const braces = /\{([^{}]*,[^{}]*)\}/.exec(next)
    if (braces) {
      const before = next.slice(0, braces.index)
      const after = next.slice(braces.index + braces[0].length)
      for (const choice of (braces[1] ?? '').split(',')) open.push(before + choice + after)
    } else done.push(next)
    if (done.length + open.length > MAX_ALTERNATIVES) {
      throw new AppError(
        'METADATA_INVALID',
        `The braces of the glob ${glob} stand for more than ${MAX_ALTERNATIVES} alternatives. Write fewer of them.`,
      )
    }
  }
  return done
}
