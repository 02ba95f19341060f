/** A WebSocket to a brain that speaks Engine.IO just far enough to be taken: what is sent then is up to the test. */
export async function openRawSocket(brainUrl: string): Promise<{ send(packet: string): void; closed: Promise<void> }> {
  const socket = new WebSocket(`${brainUrl.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  const closed = new Promise<void>(resolve => socket.addEventListener('close', () => resolve(), { once: true }))
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('message', () => resolve(), { once: true })
    socket.addEventListener('error', () => reject(new Error('The brain did not take the connection.')), { once: true })
  })
  return { send: packet => socket.send(packet), closed }
}
