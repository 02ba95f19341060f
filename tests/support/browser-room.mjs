// Runs a program in the network namespace it is started in, with one way out: 127.0.0.1:1080 leads to a Unix socket.
// `node browser-room.mjs SOCKET PROGRAM ARGUMENTS…`; descriptors 3 and 4 are the program's too, and it ends as the program ends.
import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'

const [socketPath, program, ...args] = process.argv.slice(2)

const wayOut = createServer(inside => {
  const outside = connect(socketPath)
  inside.pipe(outside).pipe(inside)
  inside.on('error', () => outside.destroy())
  outside.on('error', () => inside.destroy())
})

wayOut.listen(1080, '127.0.0.1', () => {
  const child = spawn(program, args, { stdio: ['inherit', 'inherit', 'inherit', 3, 4] })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    console.error(error.message)
    process.exit(127)
  })
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
})
