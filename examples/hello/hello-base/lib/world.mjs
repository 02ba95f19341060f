import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { readProperties } from './properties.mjs'

const file = name => new URL(`../world/${name}`, import.meta.url)
const WALL = '#'
const SPAWN = '@'

/**
 * The map comes from a layer and never changes; what players found is the server's own and lies in
 * `world/progress.json`, written whole and then renamed, so that a crash leaves the old or the new one.
 */
export function openWorld({ treasures, seed }) {
  const rows = readFileSync(file('map.txt'), 'utf8').trimEnd().split('\n')
  const name = readProperties('world/map.properties').name
  const progress = existsSync(file('progress.json'))
    ? JSON.parse(readFileSync(file('progress.json'), 'utf8'))
    : { visits: 0, found: {} }
  progress.visits += 1
  const hidden = hide(rows, treasures, seed)

  function save() {
    writeFileSync(file('progress.json.new'), `${JSON.stringify(progress, null, 2)}\n`)
    renameSync(file('progress.json.new'), file('progress.json'))
  }
  save()

  return {
    name,
    rows,
    save,
    spawn: positionOf(rows, SPAWN) ?? { x: 1, y: 1 },
    isOpen: (x, y) => (rows[y]?.[x] ?? WALL) !== WALL,
    /** True when a treasure lies there that nobody has found yet; from then on it is this player's. */
    take(x, y, player) {
      const key = `${x},${y}`
      if (!hidden.has(key) || progress.found[key]) return false
      progress.found[key] = player
      save()
      return true
    },
    visits: () => progress.visits,
    found: () => Object.keys(progress.found).length,
    treasures: hidden.size,
  }
}

function positionOf(rows, character) {
  const y = rows.findIndex(row => row.includes(character))
  return y < 0 ? undefined : { x: rows[y].indexOf(character), y }
}

/** The same seed hides the treasures in the same places (a linear congruential generator, constants of Numerical Recipes). */
function hide(rows, count, seed) {
  const open = rows.flatMap((row, y) => [...row].flatMap((cell, x) => (cell === '.' ? [`${x},${y}`] : [])))
  let state = [...seed].reduce((sum, character) => (sum * 31 + character.codePointAt(0)) >>> 0, 7)
  const hidden = new Set()
  while (hidden.size < Math.min(count, open.length)) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    hidden.add(open[state % open.length])
  }
  return hidden
}
