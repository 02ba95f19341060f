import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lock.mjs'
import { AGENT_BUILD, AGENT_ENTRY, BRAIN_BUILD, ROOT, STATE_DIR } from './paths.mjs'
import { runTool, tool } from './run-tool.mjs'

/** For the person at the terminal. */
export class BuildError extends Error {}

const BOTH = ['shared', 'core', 'package-lock.json', 'tsconfig.base.json']

/** What each build reads. A path that does not exist counts as empty. */
const BUILDS = {
  brain: {
    title: 'brain and panel',
    inputs: [
      ...BOTH,
      ...['app.vue', 'error.vue', 'app.config.ts', 'nuxt.config.ts', 'layouts', 'middleware', 'plugins', 'assets'],
      ...['i18n', 'pages', 'components', 'composables', 'public', 'server', 'drizzle', 'examples'],
    ],
    folder: BRAIN_BUILD,
    entry: join(BRAIN_BUILD, 'server', 'index.mjs'),
    command: [tool('nuxt'), ['build']],
  },
  agent: {
    title: 'agent',
    inputs: [...BOTH, 'agent'],
    folder: AGENT_BUILD,
    entry: AGENT_ENTRY,
    command: [tool('rolldown'), ['--config', join('agent', 'rolldown.config.mjs')]],
  },
}

function filesBelow(path) {
  if (!existsSync(join(ROOT, path))) return []
  if (!statSync(join(ROOT, path)).isDirectory()) return [path]
  return readdirSync(join(ROOT, path))
    .sort()
    .flatMap(name => filesBelow(join(path, name)))
}

/** Hash over names and contents: a touched file is not a changed one. */
function hashInputs(inputs) {
  const hash = createHash('sha256').update(process.versions.modules)
  for (const file of inputs.flatMap(filesBelow)) {
    const bytes = readFileSync(join(ROOT, file))
    hash.update(`${file}\0${bytes.length}\0`).update(bytes)
  }
  return hash.digest('hex')
}

const markOf = build => join(build.folder, '.strata-built-from')

function isFresh(build) {
  if (!existsSync(build.entry) || !existsSync(markOf(build))) return false
  return readFileSync(markOf(build), 'utf8') === hashInputs(build.inputs)
}

/** Builds what is older than its sources, `brain` or `agent`. Throws BuildError. */
async function ensureOne(name) {
  const build = BUILDS[name]
  if (isFresh(build)) return
  await withLock(join(STATE_DIR, `build-${name}.lock`), `building the ${build.title}`, async () => {
    if (isFresh(build)) return
    console.log(`Building the ${build.title} …`)
    // A source that changes while we build leaves a mark that fits neither state: built again next time.
    const hash = hashInputs(build.inputs)
    rmSync(markOf(build), { force: true })
    const code = await runTool(...build.command, { quiet: true })
    if (code !== 0 || !existsSync(build.entry))
      throw new BuildError(`The ${build.title} could not be built (exit code ${code}); the reason is above.`)
    writeFileSync(markOf(build), hash)
  })
}

/** Whether there is nothing to build; then nothing needs to be installed for it either. */
export const isBuilt = () => Object.values(BUILDS).every(isFresh)

export async function ensureBuilt(names = ['agent', 'brain']) {
  for (const name of names) await ensureOne(name)
}
