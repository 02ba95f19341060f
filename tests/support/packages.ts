import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { runCommand } from './run-command.ts'

/** The path of a program, or null. Looks where Debian puts programs of the system too, which a user's PATH may lack. */
export async function findProgram(...names: string[]): Promise<string | null> {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
    '/usr/bin',
    '/bin',
  ]
  for (const name of names)
    for (const folder of folders) {
      const path = join(folder, name)
      const isThere = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
      if (isThere) return path
    }
  return null
}

/**
 * Installs packages of Debian or Ubuntu, without questions. Throws with what is missing and why it could not be had: not
 * root, no apt, or apt's own words.
 */
export async function installPackages(names: readonly string[]): Promise<void> {
  const wish = `apt-get install ${names.join(' ')}`
  if (!(await findProgram('apt-get')))
    throw new Error(`The tests need ${names.join(', ')}; install them with this system's own means.`)
  if (process.getuid?.() !== 0) throw new Error(`The tests need ${names.join(', ')}; run as root: ${wish}`)
  console.log(`Installing ${names.join(', ')} …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await runCommand('apt-get', ['update', '-q'], { env })
  await runCommand('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...names], { env })
}

/** Installs the packages whose program is not there. */
export async function ensurePrograms(programs: Record<string, string>): Promise<void> {
  const missing: string[] = []
  for (const [program, name] of Object.entries(programs)) if (!(await findProgram(program))) missing.push(name)
  if (missing.length > 0) await installPackages([...new Set(missing)])
}
