import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { defineConfig } from 'rolldown'

/**
 * dockerode reaches for these to speak SSH, to build images, and to lend credentials to a build. The agent does none of
 * it, and they would bring native code and files beside the bundle along.
 */
const UNUSED = ['ssh2', '@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs']

const leaveOutUnused = {
  name: 'leave-out-unused',
  resolveId: id => (UNUSED.includes(id) ? `\0unused:${id}` : null),
  load: id => (id.startsWith('\0unused:') ? 'module.exports = {}' : null),
}

/** The script that joins machines goes wherever the agent goes: the brain serves both. */
const withJoinScript = {
  name: 'with-join-script',
  writeBundle({ file }) {
    mkdirSync(dirname(file), { recursive: true })
    copyFileSync(join(import.meta.dirname, 'install', 'join.sh'), join(dirname(file), 'join.sh'))
  },
}

// One file that runs on any machine with Node: the brain hands it to the nodes that join.
export default defineConfig({
  input: 'agent/main.ts',
  platform: 'node',
  plugins: [leaveOutUnused, withJoinScript],
  output: {
    file: 'dist/agent/strata-agent.mjs',
    format: 'esm',
    codeSplitting: false,
    // Before everything else of the file, because the rest does not get far in an older Node.
    banner: readFileSync(join(import.meta.dirname, 'older-node.mjs'), 'utf8'),
  },
})
