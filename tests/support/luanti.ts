import { createSocket } from 'node:dgram'

const PROTOCOL = 0x4f457403
const CONTROL = 0
const ORIGINAL = 1
const RELIABLE = 3
const SET_PEER_ID = 1
const FIRST_SEQUENCE = 65_500
const TOSERVER_INIT = 2
const TOCLIENT_HELLO = 2

/**
 * Knocks at a Luanti server as a client does (its `connection` protocol over UDP): a reliable packet from nobody, which it answers
 * with a peer id, then `INIT` with a player's name, which it answers with `HELLO`. Resolves to what `HELLO` says.
 * Rejects when it did not come in time.
 */
export function askLuanti(
  host: string,
  port: number,
  player: string,
  timeoutMs = 5_000,
): Promise<{ protocol: number; serialization: number }> {
  const socket = createSocket('udp4')
  return new Promise<{ protocol: number; serialization: number }>((resolve, reject) => {
    let peer = 0
    let again: NodeJS.Timeout | undefined
    const timer = setTimeout(() => {
      clearInterval(again)
      reject(new Error(`no Luanti server answered on ${host}:${port}`))
    }, timeoutMs)
    const send = (channel: number, body: Buffer) => {
      const header = Buffer.alloc(7)
      header.writeUInt32BE(PROTOCOL, 0)
      header.writeUInt16BE(peer, 4)
      header.writeUInt8(channel, 6)
      socket.send(Buffer.concat([header, body]), port, host)
    }
    socket.on('error', reject)
    socket.on('message', message => {
      const isReliable = message[7] === RELIABLE
      if (isReliable) send(message[6] ?? 0, Buffer.from([CONTROL, 0, message[8] ?? 0, message[9] ?? 0]))
      const body = message.subarray(isReliable ? 10 : 7)
      if (body[0] === CONTROL && body[1] === SET_PEER_ID) {
        peer = body.readUInt16BE(2)
        // `INIT` may get lost: a client says it until it is heard.
        again ??= setInterval(() => send(1, initMessage(player)), 200)
      }
      if (body[0] === ORIGINAL && body.length > 3 && body.readUInt16BE(1) === TOCLIENT_HELLO) {
        clearTimeout(timer)
        clearInterval(again)
        resolve({ serialization: body.readUInt8(3), protocol: body.readUInt16BE(6) })
      }
    })
    const knock = Buffer.from([RELIABLE, 0, 0, ORIGINAL])
    knock.writeUInt16BE(FIRST_SEQUENCE, 1)
    send(0, knock)
  }).finally(() => socket.close())
}

/** Highest way of writing blocks, no compression, oldest and newest protocol, the player's name. */
function initMessage(player: string): Buffer {
  const fixed = Buffer.alloc(1 + 2 + 1 + 2 + 2 + 2 + 2)
  fixed.writeUInt8(ORIGINAL, 0)
  fixed.writeUInt16BE(TOSERVER_INIT, 1)
  fixed.writeUInt8(29, 3)
  fixed.writeUInt16BE(0, 4)
  fixed.writeUInt16BE(37, 6)
  fixed.writeUInt16BE(41, 8)
  fixed.writeUInt16BE(Buffer.byteLength(player), 10)
  return Buffer.concat([fixed, Buffer.from(player)])
}
