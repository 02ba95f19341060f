import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { file, tarGz } from '../factories/tar'

const BASE = {
  'strata.yaml': `type: master
description: Teeworlds from Debian
variables:
  TITLE: { description: Shown in the list of servers, default: Teeworlds, pattern: "^.{1,40}$" }
  RCON_PASSWORD: { description: Opens the remote console, secret: true, required: true }
runtime:
  image: strata-test/teeworlds:1
  command: [sh, run.sh]
  env: { HOME: /server }
  ports: [{ name: game, protocol: udp, container: 8303 }]
  ready: { log: "server name is", timeoutSeconds: 60 }
  stop: { input: shutdown, graceSeconds: 15 }
  resources: { memoryMb: 256, cpus: 1 }
`,
  // Teeworlds takes commands at a TCP port of its own, not from standard input: what comes here is handed on to it.
  'run.sh': `exec 3<&0
/usr/games/teeworlds-server -f server.cfg 3<&- &
server=$!
(
  until nc 127.0.0.1 8304 </dev/null >/dev/null 2>&1; do sleep 0.1; done
  { echo econ; cat <&3; } | nc 127.0.0.1 8304 >/dev/null
) &
wait "$server"
`,
  'server.cfg': `sv_name "\${TITLE} in \${INSTANCE_NAME}"
sv_port \${PORT}
sv_register 0
sv_rcon_password "\${RCON_PASSWORD}"
ec_port 8304
ec_bindaddr 127.0.0.1
ec_password econ
exec rules.cfg
exec map.cfg
`,
  'rules.cfg': 'sv_gametype dm\n',
  'map.cfg': 'sv_map dm1\n',
  'old/news.txt': 'of the year before last\n',
  // Does not get smaller by packing: an upload that takes long enough to be watched.
  'data/sounds.bin': randomBytes(1_500_000),
}
const GAMEMODE = { 'strata.yaml': 'type: gamemode\nremove: ["old/**"]\n', 'rules.cfg': 'sv_gametype ctf\n' }
const MAP = { 'strata.yaml': 'type: map\n', 'map.cfg': 'sv_map ctf2\n' }

function packByTar(folder: string, name: string, files: Record<string, string | Buffer>): string {
  const source = join(folder, name)
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(source, path)), { recursive: true })
    writeFileSync(join(source, path), content)
  }
  const archive = join(folder, `${name}.tar.gz`)
  execFileSync('tar', ['-czf', archive, '-C', source, '.'])
  return archive
}

/** Three archives of a real game server, made by plain `tar`. Returns their paths. */
export function packTeeworlds(folder: string) {
  return {
    base: packByTar(folder, 'tw-base-1.0.0', BASE),
    gamemode: packByTar(folder, 'tw-ctf-1.0.0', GAMEMODE),
    map: packByTar(folder, 'tw-map-1.0.0', MAP),
  }
}

/** An archive that would write beside the folder it is unpacked to. */
export const escapingArchive = (): Buffer => tarGz(file('fine.txt', 'fine'), file('../x', 'out of here'))
