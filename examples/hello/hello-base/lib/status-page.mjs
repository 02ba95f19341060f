import { existsSync, readFileSync } from 'node:fs'

const picture = new URL('../world/map.png', import.meta.url)

const escape = text => String(text).replaceAll(/[&<>"']/g, character => `&#${character.codePointAt(0)};`)

/** `/` for people, `/status.json` for programs, `/map.png` as the map layer brought it. */
export function statusHandler(game) {
  return (request, response) => {
    response.setHeader('connection', 'close')
    if (request.url === '/map.png' && existsSync(picture)) {
      response.setHeader('content-type', 'image/png').end(readFileSync(picture))
    } else if (request.url === '/status.json') {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(status(game)))
    } else if (request.url === '/') {
      response.setHeader('content-type', 'text/html; charset=utf-8').end(page(status(game)))
    } else {
      response.writeHead(404).end('Not here.\n')
    }
  }
}

function status({ settings, world, players, startedAt }) {
  return {
    name: settings.name,
    motd: settings.motd,
    gamemode: settings.gamemode,
    map: world.name,
    players: { online: players.size, max: Number(settings['max-players']) },
    treasures: { found: world.found(), hidden: world.treasures },
    visits: world.visits(),
    startedAt,
  }
}

function page(facts) {
  const rows = {
    Gamemode: facts.gamemode,
    Map: facts.map,
    Players: `${facts.players.online} of ${facts.players.max}`,
    'Treasures found': `${facts.treasures.found} of ${facts.treasures.hidden}`,
    Started: facts.visits === 1 ? 'once' : `${facts.visits} times`,
  }
  const list = Object.entries(rows).map(([name, value]) => `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`)
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(facts.name)}</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 32rem; margin: 4rem auto; padding: 0 1rem }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem }
  dt { opacity: .7 } dd { margin: 0 }
  img { width: 100%; image-rendering: pixelated; border-radius: .25rem }
</style>
<h1>${escape(facts.name)}</h1><p>${escape(facts.motd)}</p>
<dl>${list.join('')}</dl>
<img src="/map.png" alt="The map">
<p>To play, connect to this port with <code>nc</code> or <code>telnet</code> and press Enter.</p></html>
`
}
