import { createSocket } from 'node:dgram'

const TOKEN_MESSAGE = 5
const CONTROL = 0x04
const CONNLESS = 0x21

/**
 * Asks a Teeworlds 0.7 server for its name, map and game type over UDP, as the game's own browser of servers does: a token
 * first, then the connectionless `gie3`. Rejects when no answer came in time.
 */
export function askTeeworlds(
  host: string,
  port: number,
  timeoutMs = 3_000,
): Promise<{ version: string; name: string; map: string; gameType: string }> {
  const mine = Buffer.from([0x11, 0x22, 0x33, 0x44])
  const socket = createSocket('udp4')
  return new Promise<{ version: string; name: string; map: string; gameType: string }>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no Teeworlds server answered on ${host}:${port}`)), timeoutMs)
    socket.on('error', reject)
    socket.on('message', message => {
      if (message[0] === CONTROL && message[7] === TOKEN_MESSAGE) {
        const theirs = message.subarray(8, 12)
        socket.send(
          Buffer.concat([
            Buffer.from([CONNLESS]),
            theirs,
            mine,
            Buffer.from([255, 255, 255, 255]),
            Buffer.from('gie3'),
            Buffer.from([1]),
          ]),
          port,
          host,
        )
        return
      }
      clearTimeout(timer)
      // Header of 9 bytes, `inf3` behind four 0xff, a token as a variable integer of one byte or more, then strings that end in NUL.
      const text = message.subarray(message.indexOf('inf3') + 4)
      let at = 0
      while (text[at]! & 0x80) at += 1
      const [version = '', name = '', , map = '', gameType = ''] = text
        .subarray(at + 1)
        .toString('utf8')
        .split('\0')
      resolve({ version, name, map, gameType })
    })
    const request = Buffer.alloc(7 + 512)
    request[0] = CONTROL
    request.fill(0xff, 3, 7)
    request[7] = TOKEN_MESSAGE
    mine.copy(request, 8)
    socket.send(request, port, host)
  }).finally(() => socket.close())
}
