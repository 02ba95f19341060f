import { LineCounter, isNode, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import type { z } from 'zod'
import { AppError } from '../../shared/errors'
import type { ErrorIssue } from '../../shared/errors'
import { manifest } from '../../shared/schemas/manifest'
import type { Manifest } from '../../shared/schemas/manifest'
import { compileGlobs } from '../stack/globs'
import { issuesOf } from '../../shared/schemas/issues'

/** The metadata of a template, at the root of its archive. It never reaches an instance. */
export const MANIFEST_PATH = 'strata.yaml'

/** Aliases may be used, but not to write a gigabyte on one page. */
const MAX_ALIASES = 100

/**
 * Reads `strata.yaml`: YAML 1.2 with plain values only. An empty file is an empty manifest.
 *
 * @throws AppError METADATA_INVALID; its issues carry the path of each fault (`runtime.ports[0].container`) and its
 *   line, faults of YAML itself line and column.
 */
export function parseManifest(bytes: Buffer): Manifest {
  const lines = new LineCounter()
  const document = parseDocument(decode(bytes), {
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    stringKeys: true,
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
  })
  // What the parser would only warn of (a tag it does not know) means something that would be lost.
  const faults = [...document.errors, ...document.warnings].map(({ message, pos: [at] }) => {
    const { line, col } = lines.linePos(at)
    return { path: `line ${line}, column ${col}`, message }
  })
  if (faults.length > 0) throw invalid(faults)

  const parsed = manifest.safeParse(plain(document) ?? {})
  if (parsed.success) {
    refuseUnreadableGlobs(parsed.data)
    return parsed.data
  }
  throw invalid(parsed.error.issues.flatMap(issue => located(issue, document, lines)))
}

/** Compiled here once, so that nobody meets them later. */
function refuseUnreadableGlobs({ substitute = [], remove = [], require = [], paths = {} }: Manifest): void {
  compileGlobs([...substitute, ...remove, ...require, ...Object.values(paths).flat()])
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw invalid([{ path: MANIFEST_PATH, message: 'is not UTF-8 text' }])
  }
}

function plain(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    throw invalid([{ path: MANIFEST_PATH, message: `${error.message}; at most ${MAX_ALIASES} are allowed` }])
  }
}

/** An issue with the line where it is, and with what helps when YAML made a number of what was meant as a text. */
function located(issue: z.core.$ZodIssue, document: Document, lines: LineCounter): ErrorIssue[] {
  const node = document.getIn(issue.path, true)
  const at = isNode(node) && node.range ? ` (line ${lines.linePos(node.range[0]).line})` : ''
  const isUnquoted =
    issue.code === 'invalid_type' &&
    issue.expected === 'string' &&
    !/received (?:undefined|null|array|object)/.test(issue.message)
  return issuesOf([issue]).map(({ path, message }) => ({
    path: path || MANIFEST_PATH,
    message: `${message}${isUnquoted ? '; put it in quotes' : ''}${at}`,
  }))
}

function invalid(issues: ErrorIssue[]): AppError {
  const [first] = issues
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  return new AppError('METADATA_INVALID', `${MANIFEST_PATH}: ${first?.path}: ${first?.message}${more}`, { issues })
}
