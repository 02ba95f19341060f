import { AppError } from '../../shared/errors'

/** What a PAX extended header may change about the entry behind it. */
export interface PaxRecords {
  path?: Buffer | undefined
  linkPath?: Buffer | undefined
  sizeBytes?: number | undefined
  /** The file is stored with its holes left out, in one of GNU's ways. */
  isSparse?: boolean
}

const NEWLINE = 0x0a

/**
 * Reads the records of a PAX extended header: `<length> <keyword>=<value>\n`, each length counting its whole record
 * (POSIX.1-2024, pax, “Extended Header”). Keywords that change nothing for Strata (times, owners, comments) pass.
 *
 * @throws AppError HEADER_INVALID for a record that is not well formed or a size that is not a size.
 */
export function parsePaxRecords(body: Buffer): PaxRecords {
  const records: PaxRecords = {}
  for (let at = 0; at < body.length;) {
    const { keyword, value, next } = readRecord(body, at)
    at = next
    if (keyword.startsWith('GNU.sparse.')) records.isSparse = true
    // An empty value takes an earlier one back.
    if (keyword === 'path') records.path = value.length > 0 ? value : undefined
    if (keyword === 'linkpath') records.linkPath = value.length > 0 ? value : undefined
    if (keyword === 'size') records.sizeBytes = value.length > 0 ? size(value) : undefined
  }
  return records
}

function readRecord(body: Buffer, at: number): { keyword: string; value: Buffer; next: number } {
  const lengthText = /^(\d{1,9}) /.exec(body.toString('latin1', at, at + 10))?.[1]
  const next = at + Number(lengthText)
  const equals = body.indexOf('=', at)
  const isWhole = lengthText !== undefined && next <= body.length && body[next - 1] === NEWLINE
  const keywordAt = at + (lengthText?.length ?? 0) + 1
  if (!isWhole || equals < keywordAt || equals >= next) throw malformed()
  const keyword = body.toString('utf8', keywordAt, equals)
  return { keyword, value: body.subarray(equals + 1, next - 1), next }
}

function size(value: Buffer): number {
  const digits = value.toString('latin1')
  const bytes = /^\d+$/.test(digits) ? Number(digits) : Number.NaN
  if (!Number.isSafeInteger(bytes)) {
    throw new AppError(
      'HEADER_INVALID',
      `A PAX header gives the size of a file as “${digits.slice(0, 40)}”; a number of bytes from 0 on was needed.`,
    )
  }
  return bytes
}

function malformed(): AppError {
  return new AppError(
    'HEADER_INVALID',
    'A PAX header holds a record that is not well formed. Pack the archive again with another program.',
  )
}
