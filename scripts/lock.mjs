import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { identify, isAlive } from './process-identity.mjs'

function readHolder(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null
    throw error
  }
}

/** Taking a stale lock away is a matter of microseconds; whoever began it this long ago died over it. */
const TAKEOVER_ABANDONED_MS = 5_000

/**
 * Takes away the lock of a dead process. Only one at a time may do so, and looks again first: what somebody else has put
 * there meanwhile stays. The caller tries again in any case.
 */
function removeStale(file) {
  const guard = `${file}.takeover`
  try {
    mkdirSync(guard)
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    const since = statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - since > TAKEOVER_ABANDONED_MS) rmSync(guard, { recursive: true, force: true })
    return
  }
  try {
    if (!isAlive(readHolder(file))) rmSync(file, { force: true })
  } finally {
    rmSync(guard, { recursive: true, force: true })
  }
}

/**
 * Takes a lock that the death of its holder frees. Returns `{ holder: null, update, release }`, or `{ holder }`, the
 * record of the live process that has it. `update` adds to the record, which anybody may read.
 */
export function takeLock(file, record = {}) {
  mkdirSync(dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}`
  const write = content => writeFileSync(draft, JSON.stringify(content), { mode: 0o600 })
  let content = { ...identify(process.pid), ...record }
  for (;;) {
    write(content)
    try {
      linkSync(draft, file)
      rmSync(draft)
      break
    } catch (error) {
      rmSync(draft, { force: true })
      if (error.code !== 'EEXIST') throw error
    }
    const holder = readHolder(file)
    if (isAlive(holder)) return { holder }
    removeStale(file)
  }
  return {
    holder: null,
    update(more) {
      content = { ...content, ...more }
      write(content)
      renameSync(draft, file)
    },
    release: () => rmSync(file, { force: true }),
  }
}

/** The record of a lock, whether its holder lives or not; null when nobody took it. */
export const readLock = readHolder

/** Runs `act` while nobody else does the same; waits for a live holder, and says so once. */
export async function withLock(file, what, act) {
  let said = false
  for (;;) {
    const lock = takeLock(file)
    if (!lock.holder) {
      try {
        return await act()
      } finally {
        lock.release()
      }
    }
    if (!said) console.log(`Waiting for process ${lock.holder.pid}, which is ${what} …`)
    said = true
    await new Promise(resolve => setTimeout(resolve, 250))
  }
}
