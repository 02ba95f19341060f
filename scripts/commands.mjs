import { BuildError, ensureBuilt, isBuilt } from './build.mjs'
import { ensureInstalled, InstallError } from './install.mjs'
import { runTool, tool } from './run-tool.mjs'
import { runSteps } from './steps.mjs'
import { ToolchainError } from './toolchain.mjs'

/** Node runs TypeScript by itself but finds no import without its ending; tsx does. */
const typescript = file => args => runTool(process.execPath, ['--import', 'tsx', file, ...args])

/** Every script of package.json. Each gets its arguments and resolves to an exit code. */
const COMMANDS = {
  start: async () => (await import('./start.mjs')).start(),
  stop: async () => (await import('./stop.mjs')).stop(),
  test: async () => (await import('./test.mjs')).test(),
  'test:integration': async args => (await import('./test.mjs')).testSuite('integration', args),
  'test:e2e': async args => (await import('./test.mjs')).testSuite('e2e', args),
  bench: async () => (await import('./test.mjs')).bench(),
  build: async () => {
    if (!isBuilt()) await ensureInstalled().then(() => ensureBuilt())
    return 0
  },
  dev: async () => (await import('./dev.mjs')).dev(),
  check: () => runSteps(['prepare', 'format', 'lint', 'typecheck', 'knip', 'unit']),
  format: args => runTool(tool('prettier'), ['--write', '--log-level=warn', ...(args.length ? args : ['.'])]),
  lint: args => (args.length ? runTool(tool('eslint'), args) : runSteps(['prepare', 'lint'])),
  typecheck: () => runSteps(['prepare', 'typecheck']),
  knip: args => runTool(tool('knip'), args),
  'test:unit': args => runTool(tool('vitest'), ['run', '--project', 'unit', ...args]),
  // What takes too long for every day: ten thousand runs of what the brain must never do.
  'test:nightly': args =>
    runTool(
      tool('vitest'),
      ['run', '--project', 'unit', '--testTimeout', '1800000', ...(args.length ? args : ['property'])],
      {
        env: { ...process.env, STRATA_PROPERTY_RUNS: '10000' },
      },
    ),
  'agent:fake': typescript('tests/fakes/run-fake-agent.ts'),
  'db:generate': args => runTool(tool('drizzle-kit'), ['generate', ...args]),
}

/** These install by themselves, after they looked whether there is anything to do. */
const INSTALL_THEMSELVES = ['start', 'stop', 'build']

/** Runs one script of package.json and resolves to its exit code. */
export async function run(name, args) {
  const command = COMMANDS[name]
  if (!command) {
    console.error(`There is no script "${name}". There are: ${Object.keys(COMMANDS).join(', ')}`)
    return 1
  }
  try {
    if (!INSTALL_THEMSELVES.includes(name)) await ensureInstalled()
    return await command(args)
  } catch (error) {
    if (![BuildError, InstallError, ToolchainError].some(kind => error instanceof kind)) throw error
    console.error(error.message)
    return 1
  }
}
