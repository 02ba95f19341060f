/** What is written of a file while it is read. */
export interface FileWriter {
  write(chunk: Uint8Array): void
  /** All bytes came. Call once. */
  end(): void
  /** The archive turned out to be bad in the middle of this file: give back what is held. Call instead of `end`. */
  abandon(): void
}

/**
 * Where an archive is unpacked to. Every call has been judged before: paths are relative and clean, parents were
 * made first and are real folders, nothing is at the path (what was there has been removed), and the content is what
 * the index will say. Synchronous on purpose: a call per file and no waiting is what makes unpacking quick, and
 * `readArchive` lets the event loop turn between chunks. Whatever a call throws ends the reading and comes through
 * unchanged.
 */
export interface ArchiveSink {
  directory(path: string): void
  /** @param meta.mode 0o644 or 0o755 */
  file(path: string, meta: { sizeBytes: number; mode: number }): FileWriter
  /** A hard link of the archive: the bytes of an earlier file once more. */
  copy(from: string, path: string, mode: number): void
  /** A link as it was written; where it leads is not yet known. Never follow it. */
  symlink(path: string, target: string): void
  /** Takes away what an entry further on replaces; a folder with everything in it. */
  remove(path: string): void
}
