import { readFileSync } from 'node:fs'

/** A file of `key=value` lines, below the folder of the server; lines with # say something to people. */
export function readProperties(path) {
  const text = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
  const pairs = text
    .split('\n')
    .filter(line => line.includes('=') && !line.startsWith('#'))
    .map(line => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()])
  return Object.fromEntries(pairs)
}
