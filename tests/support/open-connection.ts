import { connect } from 'node:net'

/** Resolves when somebody on this machine takes connections on the port; rejects when nobody does. */
export function openConnection(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
  })
}
