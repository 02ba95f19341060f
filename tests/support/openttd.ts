import { once } from 'node:events'
import { connect } from 'node:net'

const CLIENT_GAME_INFO = 7
const SERVER_GAME_INFO = 6
const HEADER_BYTES = 3

export interface OpenTtdAnswer {
  name: string
  revision: string
  /** Days since the year 0, as the game counts. */
  date: number
  startDate: number
  maxClients: number
  isDedicated: boolean
}

/**
 * Asks an OpenTTD server what it is playing, over TCP, as the game's own list of servers does. Reads version 6 of the game
 * info, which 12.0 and newer send. Rejects when it answers anything else, or nothing in time.
 */
export async function askOpenTtd(host: string, port: number, timeoutMs = 3_000): Promise<OpenTtdAnswer> {
  const socket = connect(port, host)
  const tooLate = setTimeout(
    () => socket.destroy(new Error(`no OpenTTD server answered on ${host}:${port}`)),
    timeoutMs,
  )
  try {
    await once(socket, 'connect')
    socket.write(Buffer.from([HEADER_BYTES, 0, CLIENT_GAME_INFO]))
    let heard = Buffer.alloc(0)
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      heard = Buffer.concat([heard, chunk])
      if (heard.length >= HEADER_BYTES && heard.length >= heard.readUInt16LE(0)) return readGameInfo(heard)
    }
    throw new Error(`${host}:${port} hung up after ${heard.length} bytes`)
  } finally {
    clearTimeout(tooLate)
    socket.destroy()
  }
}

function readGameInfo(packet: Buffer): OpenTtdAnswer {
  let at = HEADER_BYTES
  const byte = () => packet.readUInt8((at += 1) - 1)
  const long = () => packet.readUInt32LE((at += 4) - 4)
  const text = () => {
    const end = packet.indexOf(0, at)
    const found = packet.toString('utf8', at, end)
    at = end + 1
    return found
  }
  if (packet[2] !== SERVER_GAME_INFO) throw new Error(`answered with a packet of type ${packet[2]}`)
  const version = byte()
  if (version !== 6) throw new Error(`game info of version ${version}`)
  byte() // how NewGRFs are written
  long() // game script: version, name
  text()
  if (byte() > 0) throw new Error('it plays with NewGRFs')
  const [date, startDate] = [long(), long()]
  at += 3 // companies and spectators
  const [name, revision] = [text(), text()]
  byte() // password
  const maxClients = byte()
  at += 2 + 2 + 2 + 1 // clients, spectators, size of the map, landscape
  return { name, revision, date, startDate, maxClients, isDedicated: byte() === 1 }
}
