import { createServer, connect } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'

const VERSION = 5
const CONNECT = 1
const IPV4 = 1
const NAME = 3
const GRANTED = 0
const REFUSED = 2
const NOBODY_LISTENS = 5

/**
 * Listens on a Unix socket and lets whoever can open it reach this machine's loopback, and nothing else: SOCKS 5 (RFC
 * 1928) without a password, CONNECT only.
 */
export async function openSocksDoor(path: string): Promise<{ close: () => void }> {
  const open = new Set<Socket>()
  const server = createServer(client => {
    open.add(client)
    client.on('error', () => client.destroy())
    client.on('close', () => open.delete(client))
    void admit(client).catch(() => client.destroy())
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    close() {
      server.close()
      for (const client of open) client.destroy()
    },
  }
}

async function admit(client: Socket): Promise<void> {
  const read = bytesOf(client)
  const [, methods = 0] = await read(2)
  await read(methods)
  client.write(Buffer.from([VERSION, 0]))

  const [, command, , kind] = await read(4)
  const host =
    kind === IPV4 ? (await read(4)).join('.') : kind === NAME ? String(await read((await read(1))[0] ?? 0)) : ''
  const port = (await read(2)).readUInt16BE()
  const isHere = command === CONNECT && (host === 'localhost' || host.startsWith('127.'))
  const answer = (code: number) => client.write(Buffer.from([VERSION, code, 0, IPV4, 0, 0, 0, 0, 0, 0]))
  if (!isHere) {
    answer(REFUSED)
    client.end()
    return
  }

  const target = connect(port, '127.0.0.1')
  client.on('close', () => target.destroy())
  const isReached = await once(target, 'connect').then(
    () => true,
    () => false,
  )
  if (!isReached) {
    answer(NOBODY_LISTENS)
    client.end()
    return
  }
  target.on('error', () => client.destroy())
  answer(GRANTED)
  client.pipe(target).pipe(client)
}

/** Reads exactly so many bytes of a paused stream, and leaves the rest in it. Rejects when it ends before. */
function bytesOf(client: Socket): (count: number) => Promise<Buffer> {
  return async count => {
    for (;;) {
      if (count === 0) return Buffer.alloc(0)
      const bytes = client.read(count) as Buffer | null
      if (bytes) return bytes
      if (client.readableEnded || client.destroyed) throw new Error('The browser hung up.')
      await once(client, 'readable')
    }
  }
}
