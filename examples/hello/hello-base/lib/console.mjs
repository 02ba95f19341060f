import { createInterface } from 'node:readline'
import { broadcast } from './player.mjs'

/** Commands on standard input, as an operator types them into the console. */
export function followConsole(game, stop) {
  createInterface({ input: process.stdin }).on('line', line => {
    const [command = '', ...rest] = line.trim().split(' ')
    if (command === 'say') broadcast(game, `[server] ${rest.join(' ')}`)
    else if (command === 'list')
      console.log(`${game.players.size} online: ${[...game.players].map(player => player.name).join(', ') || 'nobody'}`)
    else if (command === 'stop') stop('asked on the console')
    else if (command === 'crash') throw new Error('asked to crash on the console')
    else if (command === 'exit') process.exit(Number(rest[0] ?? 0))
    else if (command) console.log(`Unknown command "${command}". There are: say, list, stop, crash, exit <code>`)
  })
}
