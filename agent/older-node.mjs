// Stands first in the bundled agent, in words that Node 18 understands. Under a Node that is too old it has npm fetch
// Node 24, once, and runs the agent by that: a machine joins with whatever Node it has. Imports of the bundle are read
// before this runs, so the agent takes nothing by name from node:zlib that an older Node lacks.
{
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 24 || (major === 24 && minor < 11)) {
    const { execFileSync, spawn } = await import('node:child_process')
    const { fileURLToPath } = await import('node:url')
    const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}@24`
    console.error(
      `The agent needs Node 24.11 or newer; this is ${process.versions.node}. Having npm fetch ${name}, once …`,
    )
    // Below another npm its settings would be taken for ours: what to run, above all.
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^npm_/i.test(key)))
    let node
    try {
      const lines = execFileSync('npx', ['--yes', '--package', name, '-c', 'command -v node'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
        env,
      })
      node = lines.trim().split('\n').pop()
    } catch (error) {
      console.error(
        `Node 24 could not be fetched (${error.message}). Install Node 24, or let npm reach its registry, and run this again.`,
      )
      process.exit(1)
    }
    const self = fileURLToPath(import.meta.url)
    const child = spawn(node, [self, ...process.argv.slice(2)], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, STRATA_BELOW_OLDER_NODE: '1' },
    })
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
    child.on('exit', (code, signal) => process.exit(signal ? 1 : code))
    await new Promise(() => {})
  }
  // Two processes, one life: when the older Node was killed, so was the agent.
  if (process.env.STRATA_BELOW_OLDER_NODE) {
    delete process.env.STRATA_BELOW_OLDER_NODE
    process.channel.unref()
    process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  }
}
