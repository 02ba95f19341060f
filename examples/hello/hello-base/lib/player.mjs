import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const hints = new URL('../config/hints.txt', import.meta.url)
const STEPS = { north: [0, -1], south: [0, 1], west: [-1, 0], east: [1, 0] }
const HELP = 'look · north, south, west, east · who · say <words> · name <you> · quit'
let joined = 0

/** Plays with one connection until it ends: a line in, one or more lines out. */
export function servePlayer(game, socket) {
  if (game.players.size >= Number(game.settings['max-players'])) {
    socket.end('The server is full.\r\n')
    return
  }
  joined += 1
  const player = { name: `guest-${joined}`, ...game.world.spawn, tell: line => socket.write(`${line}\r\n`) }
  game.players.add(player)
  console.log(`${player.name} joined (${game.players.size} online)`)
  player.tell(game.settings.motd)
  player.tell(`You are ${player.name} on "${game.world.name}", playing "${game.settings.gamemode}". ${HELP}`)
  if (existsSync(hints)) player.tell(readFileSync(hints, 'utf8').trim())

  const lines = createInterface({ input: socket })
  lines.on('line', line => answer(game, player, socket, line.trim()))
  lines.on('close', () => {
    game.players.delete(player)
    console.log(`${player.name} left (${game.players.size} online)`)
  })
}

function answer(game, player, socket, line) {
  const [word = '', ...rest] = line.split(/\s+/)
  const words = rest
    .join(' ')
    .replaceAll(/\p{Cc}/gu, '')
    .slice(0, 200)
  if (word === '') return
  if (word in STEPS) return walk(game, player, word)
  if (word === 'look') return look(game, player)
  if (word === 'who') return player.tell([...game.players].map(other => other.name).join(', '))
  if (word === 'quit') return socket.end('Goodbye.\r\n')
  if (word === 'say' && words) return broadcast(game, `<${player.name}> ${words}`)
  if (word === 'name' && words) {
    player.name = words.slice(0, 20)
    return player.tell(`You are ${player.name}.`)
  }
  player.tell(HELP)
}

/** To everybody who plays, and to the console. */
export function broadcast(game, line) {
  console.log(line)
  for (const player of game.players) player.tell(line)
}

function walk(game, player, direction) {
  const [dx, dy] = STEPS[direction]
  if (!game.world.isOpen(player.x + dx, player.y + dy)) return player.tell('A wall.')
  player.x += dx
  player.y += dy
  player.tell(`You go ${direction}.`)
  if (game.world.take(player.x, player.y, player.name)) {
    broadcast(game, `${player.name} found a treasure: ${game.world.found()} of ${game.world.treasures}.`)
  }
}

function look(game, player) {
  for (const [y, row] of game.world.rows.entries()) {
    player.tell(y === player.y ? `${row.slice(0, player.x)}*${row.slice(player.x + 1)}` : row)
  }
}
