import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { followConsole } from './lib/console.mjs'
import { servePlayer } from './lib/player.mjs'
import { readProperties } from './lib/properties.mjs'
import { statusHandler } from './lib/status-page.mjs'
import { openWorld } from './lib/world.mjs'

const settings = {
  ...readProperties('config/server.properties'),
  ...readProperties('config/gamemode.properties'),
}
const world = openWorld({ treasures: Number(settings.treasures), seed: process.env.SEED ?? settings.name })
const game = { settings, world, players: new Set(), startedAt: Date.now() }

// One port for both: whoever begins with a request of HTTP gets the status page, everybody else plays.
const web = createHttpServer(statusHandler(game))
const server = createServer(socket => {
  socket.on('error', () => socket.destroy())
  socket.once('data', first => {
    socket.pause()
    socket.unshift(first)
    if (/^(?:GET|HEAD) /.test(first.toString('latin1', 0, 5))) web.emit('connection', socket)
    else servePlayer(game, socket)
    socket.resume()
  })
})

function stop(why) {
  console.log(`Stopping: ${why}. ${game.players.size} players, ${world.found()} treasures found.`)
  for (const player of game.players) player.tell('The server is stopping. Goodbye.')
  world.save()
  process.exit(0)
}

followConsole(game, stop)
process.on('SIGTERM', () => stop('SIGTERM'))
process.on('SIGINT', () => stop('SIGINT'))
server.on('error', error => {
  console.error(`The port ${settings.port} cannot be opened: ${error.message}`)
  process.exit(1)
})
server.listen(Number(settings.port), () => {
  console.log(`Map "${world.name}", gamemode "${settings.gamemode}", visit number ${world.visits()}.`)
  console.log(`${settings.name} is ready on port ${settings.port}`)
})
