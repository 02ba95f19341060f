/** True for a refusal by a UNIQUE or PRIMARY KEY constraint over this column, named `table.column`. */
export function violatesUnique(error: unknown, column: string): boolean {
  const cause = sqliteCause(error)
  return (
    (cause?.code === 'SQLITE_CONSTRAINT_UNIQUE' || cause?.code === 'SQLITE_CONSTRAINT_PRIMARYKEY') &&
    cause.message.includes(column)
  )
}

/** SQLite's own error, also when drizzle wrapped it. */
export function sqliteCause(error: unknown): { code: string; message: string } | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string' && at.code.startsWith('SQLITE_'))
      return { code: at.code, message: at.message }
  }
  return undefined
}

/** True when there was no room for a write. */
export function isFull(error: unknown): boolean {
  return sqliteCause(error)?.code === 'SQLITE_FULL'
}

/** For notes that nobody depends on, such as when somebody was last seen: on a full disk they are left out. */
export function noteIfRoom(write: () => void): void {
  try {
    write()
  } catch (error) {
    if (!isFull(error)) throw error
  }
}
