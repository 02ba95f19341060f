import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Changes with every boot: process ids and start times of an earlier one mean nothing. */
function bootId() {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return '' // not Linux: the start time below is a date
  }
}

/** When a process started, as text to compare; null when there is no such process or only its zombie is left. */
function startOf(pid) {
  if (process.platform === 'linux') {
    try {
      // The name in parentheses may hold anything; what follows it is state (first) and start time (20th).
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      return fields[0] === 'Z' ? null : `${bootId()}:${fields[19]}`
    } catch {
      return null // gone
    }
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null
  } catch {
    return null // gone
  }
}

/** What a process is known by: its pid alone may belong to another one tomorrow. */
export function identify(pid) {
  return { pid, startedAs: startOf(pid) }
}

export function isAlive(identity) {
  return Boolean(identity && identity.startedAs) && startOf(identity.pid) === identity.startedAs
}

/**
 * Asks a process to end, and ends it when it has not after `graceMs`. Resolves when it is gone.
 * Looking again and again is all there is for a process that is not our child.
 */
export async function endProcess(identity, graceMs) {
  const gone = async ms => {
    const until = Date.now() + ms
    while (isAlive(identity)) {
      if (Date.now() > until) return false
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    return true
  }
  for (const [signal, ms] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', 5000],
  ]) {
    if (!isAlive(identity)) return
    process.kill(identity.pid, signal)
    if (await gone(ms)) return
  }
  throw new Error(`Process ${identity.pid} does not end, not even when killed.`)
}
