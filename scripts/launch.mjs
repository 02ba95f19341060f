// The door of every npm script: `node scripts/launch.mjs <script> [arguments]`.
// Runs under any Node from 18 on with nothing installed; everything it opens runs under Node 24.11 or newer.
import { spawn } from 'node:child_process'
import { dirname, delimiter } from 'node:path'
import { findToolchain, fulfils, ToolchainError } from './toolchain.mjs'

const [script, ...args] = process.argv.slice(2)

/** Runs this same file with the toolchain's Node, in its place: same words, same input and output, same end. */
function handOver(toolchain) {
  const child = spawn(toolchain.node, [process.argv[1], ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: dirname(toolchain.node) + delimiter + (process.env.PATH || ''),
      STRATA_NPM_CLI: toolchain.npmCli,
      npm_config_nodedir: toolchain.nodeDir,
    },
  })
  // The child decides when to end; this process only passes on what it is told.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', error => fail(`${toolchain.node} cannot be started: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(signal ? 1 : code))
}

function fail(text) {
  console.error(text)
  process.exit(1)
}

try {
  if (fulfils(process.versions.node)) {
    const { run } = await import('./commands.mjs')
    process.exitCode = await run(script, args)
  } else {
    handOver(await findToolchain())
  }
} catch (error) {
  if (!(error instanceof ToolchainError)) throw error
  fail(error.message)
}
