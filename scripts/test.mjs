import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { runTool, tool } from './run-tool.mjs'
import { runSteps } from './steps.mjs'

/** Somebody pressed Ctrl-C: what was started is put away, and nothing new begins. */
class Interrupted extends Error {}

let isInterrupted = false
function goOn() {
  if (isInterrupted) throw new Interrupted()
}

/** Adds up what every suite and every check came to. A check counts as one. */
class Tally {
  passed = 0
  failed = 0
  skipped = 0

  count(what, wasRight) {
    if (wasRight) this.passed++
    else {
      this.failed++
      this.faults.push(what)
    }
  }

  faults = []
}

/** Runs one suite of Vitest and counts its tests; a suite that fails without a failed test (nothing loaded) counts as one. */
async function runSuite(name, env, scratch, tally, args = []) {
  goOn()
  console.log(`\n— ${name} tests`)
  const report = join(scratch, `${name}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await runTool(tool('vitest'), ['run', '--project', name, ...reporters, ...args], {
    env: { ...process.env, ...env },
  })
  const counted = await readFile(report, 'utf8').then(JSON.parse, () => null)
  const failed = counted?.numFailedTests ?? 0
  tally.passed += counted?.numPassedTests ?? 0
  tally.skipped += (counted?.numPendingTests ?? 0) + (counted?.numTodoTests ?? 0)
  tally.failed += failed
  if (failed > 0) tally.faults.push(`${failed} ${name} tests`)
  else if (code !== 0) tally.count(`${name} tests did not run to their end`, false)
}

/** Whether a step that others need went well; what it threw is told and counted. */
async function attempt(what, tally, act) {
  goOn()
  console.log(`\n— ${what}`)
  try {
    const result = await act()
    tally.count(what, true)
    return result ?? true
  } catch (error) {
    console.error(error.message)
    tally.count(what, false)
    return null
  }
}

/** What the tests run beside Docker, and the packages of Debian that have it: all at once, because apt takes its time. */
const PROGRAMS = {
  busybox: 'busybox-static',
  zstd: 'zstd',
  tar: 'tar',
  curl: 'curl',
  openssl: 'openssl',
  caddy: 'caddy',
  nginx: 'nginx-light',
  'docker-registry': 'docker-registry',
  htpasswd: 'apache2-utils',
  prometheus: 'prometheus',
  promtool: 'prometheus',
  'systemd-analyze': 'systemd',
}

/** An engine with the tests' images; `null` when it cannot be had, which is a failure and never a skip. */
async function provideEngine(scratch, tally) {
  const { provideEngine: provide } = await import('../tests/support/engine.ts')
  const { ensurePrograms } = await import('../tests/support/packages.ts')
  const { ensureTestImages } = await import('../tests/support/images.ts')
  const engine = await attempt('Docker', tally, () => provide(scratch))
  if (!engine) return null
  const images = await attempt('images for the tests', tally, async () => {
    await ensurePrograms(PROGRAMS)
    await ensureTestImages(engine.address, { publicNames: engine.isPrivate })
  })
  if (images) return engine
  await engine.stop()
  return null
}

async function provideBrowser(tally) {
  const { findBrowser } = await import('../tests/support/browser.ts')
  const { ensurePrograms, installPackages } = await import('../tests/support/packages.ts')
  return attempt('Chromium', tally, async () => {
    await ensurePrograms({ ip: 'iproute2', unshare: 'util-linux' })
    return findBrowser().catch(() => installPackages(['chromium', 'fonts-dejavu-core']).then(findBrowser))
  })
}

/** Tests that need an engine, and for the last a browser too. Each is counted as failed when what it needs is missing. */
async function runEngineSuites(names, scratch, tally, args) {
  const built = await attempt('build', tally, () => ensureBuilt())
  const engine = built && (await provideEngine(scratch, tally))
  try {
    for (const name of names) {
      const ready = engine && (name !== 'e2e' || (await provideBrowser(tally)))
      if (ready) await runSuite(name, { DOCKER_HOST: engine.address }, scratch, tally, args)
      else tally.count(`${name} tests could not run`, false)
    }
  } finally {
    await engine?.stop()
  }
}

async function withScratch(act) {
  const scratch = await mkdtemp(join(tmpdir(), 'strata-test-'))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => (isInterrupted = true))
  try {
    return await act(scratch)
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    console.error('\nInterrupted.')
    return 130
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function conclude(tally) {
  if (tally.faults.length > 0) console.error(`\nFailed: ${tally.faults.join('; ')}`)
  console.log(`\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`)
  return tally.failed > 0 ? 1 : 0
}

/** Everything that CI needs. */
export function test() {
  const tally = new Tally()
  return withScratch(async scratch => {
    await runSteps(['prepare', 'format', 'lint', 'typecheck', 'knip'], (what, right) => {
      goOn()
      tally.count(what, right)
    })
    await runSuite('unit', {}, scratch, tally)
    await runEngineSuites(['integration', 'e2e'], scratch, tally)
    return conclude(tally)
  })
}

/** One suite that needs an engine, with what it needs. */
export function testSuite(name, args) {
  const tally = new Tally()
  return withScratch(async scratch => {
    await runEngineSuites([name], scratch, tally, args)
    return conclude(tally)
  })
}

/** Measures what the project promises to be fast at, against plain tools and Docker itself; prints figures and judges nothing. */
export function bench() {
  const tally = new Tally()
  return withScratch(async scratch => {
    await ensureBuilt()
    const engine = await provideEngine(scratch, tally)
    if (!engine) return 1
    try {
      const env = { ...process.env, DOCKER_HOST: engine.address }
      for (const suite of ['layers', 'create-to-running', 'placement', 'statistics']) {
        const code = await runTool(process.execPath, ['--import', 'tsx', `tests/bench/${suite}.ts`], { env })
        if (code !== 0) return code
      }
      return 0
    } finally {
      await engine.stop()
    }
  })
}
