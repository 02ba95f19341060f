import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type pino from 'pino'
import { AppError } from '../../shared/errors'
import { LineWriter } from './line-writer'

/** A log in files of its own: `path`, and older ones as `path.1`, `path.2` … */
export interface LogFile {
  path: string
  /** A file that would grow beyond it is put aside first. */
  maxBytes: number
  /** How many older files are kept. */
  keep: number
}

const STANDARD_OUTPUT = 1
/** How often it is looked whether somebody else (logrotate) moved the file away, or it grew by what had waited. */
const LOOK_MS = 5_000

/**
 * Where lines of the log go.
 *
 * @param file null: standard output
 * @throws AppError BAD_REQUEST when the file cannot be opened
 */
export function openLogOutput(file: LogFile | null): pino.DestinationStream {
  if (!file) return new LineWriter(STANDARD_OUTPUT)
  try {
    mkdirSync(dirname(file.path), { recursive: true })
    return new RotatingLog(file)
  } catch (error) {
    throw new AppError(
      'BAD_REQUEST',
      `The log file ${file.path} (STRATA_LOG_FILE) cannot be written: ${error instanceof Error ? error.message : String(error)}. Name a file in a folder that this user may write to.`,
      { cause: error },
    )
  }
}

/** Files that take turns. One is never emptied or copied: whoever reads it goes on in the old one to its end. */
class RotatingLog implements pino.DestinationStream {
  private readonly file: LogFile
  private readonly writer: LineWriter
  private fd: number
  private size: number
  private looked = performance.now()

  constructor(file: LogFile) {
    this.file = file
    this.fd = openLog(file.path)
    this.size = fstatSync(this.fd).size
    this.writer = new LineWriter(this.fd)
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line)
    try {
      // Not between the halves of a line, nor again and again while the disk takes none.
      if (this.writer.hasWritten()) {
        if (this.size > 0 && this.size + bytes > this.file.maxBytes) this.putAside()
        else if (this.wasMoved()) this.reopen()
      }
    } catch {
      // Without rights in the folder, say: the file goes on as it is rather than the program ending.
    }
    this.size += bytes
    this.writer.write(line)
  }

  private putAside(): void {
    const { path, keep } = this.file
    for (let age = keep; age >= 1; age--) {
      const newer = age === 1 ? path : `${path}.${age - 1}`
      if (existsSync(newer)) renameSync(newer, `${path}.${age}`)
    }
    this.reopen()
  }

  private reopen(): void {
    const before = this.fd
    this.fd = openLog(this.file.path)
    this.size = fstatSync(this.fd).size
    this.writer.moveTo(this.fd)
    closeSync(before)
  }

  private wasMoved(): boolean {
    if (performance.now() - this.looked < LOOK_MS) return false
    this.looked = performance.now()
    const mine = fstatSync(this.fd)
    this.size = mine.size
    return statSync(this.file.path, { throwIfNoEntry: false })?.ino !== mine.ino
  }
}

/** Lines name people and machines: nobody else's business. */
const openLog = (path: string) => openSync(path, 'a', 0o600)
