import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lock.mjs'
import { ROOT, STATE_DIR } from './paths.mjs'
import { runTool } from './run-tool.mjs'
import { findNpm } from './toolchain.mjs'

const packagesOf = file => JSON.parse(readFileSync(file, 'utf8')).packages

/** True when node_modules holds every package of the lock file in its version. npm writes its own record last. */
function isInstalled() {
  const record = join(ROOT, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const installed = packagesOf(record)
  return Object.entries(packagesOf(join(ROOT, 'package-lock.json'))).every(
    ([path, { version, optional, devOptional }]) =>
      path === '' || (installed[path] ? installed[path].version === version : optional || devOptional),
  )
}

/** Installs what the lock file names and is missing. Install scripts of packages do not run. */
export async function ensureInstalled() {
  if (isInstalled()) return
  await withLock(join(STATE_DIR, 'install.lock'), 'installing the dependencies', async () => {
    if (isInstalled()) return
    console.log('Installing the dependencies …')
    const npm = await findNpm()
    const flags = ['--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
    const code = await runTool(process.execPath, [npm, 'install', ...flags], { quiet: true })
    if (code !== 0)
      throw new InstallError(
        `npm could not install the dependencies (exit code ${code}). What it said is above; most often the registry is out of reach. Run the command again when it is back.`,
      )
    if (!isInstalled())
      throw new InstallError(
        'npm installed other packages than package-lock.json names. Remove node_modules and run the command again.',
      )
  })
}

/** For the person at the terminal. */
export class InstallError extends Error {}
