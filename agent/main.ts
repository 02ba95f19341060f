import { isAppError } from '../shared/errors'
import { readSettings } from './config'
import { listRunning } from './list-running'
import { createLog } from './log'
import { runAgent } from './run-agent'
import { stopAll } from './stop-all'

const USAGE = `usage: node strata-agent.mjs [stop-all | list]

  (nothing)  supervise the servers of this node and serve its brain
  stop-all   stop every server of this node, without a brain; the agent must not be running
  list       names of the servers of this node that run

Settings are environment variables; the documentation lists them.`

const say = (line: string) => void process.stdout.write(`${line}\n`)
const fail = (message: string) => {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

async function main(command: string | undefined): Promise<void> {
  const settings = readSettings(process.env)
  if (command === 'list') return (await listRunning(settings)).forEach(say)
  if (command === 'stop-all')
    return process.exit((await stopAll({ settings, log: createLog('error', null), say })) ? 0 : 1)
  if (command !== undefined) return fail(USAGE)
  const agent = await runAgent(settings, createLog(settings.logLevel, settings.logFile), fail)
  let isEnding = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isEnding) process.exit(1)
      isEnding = true
      void agent.close().then(() => process.exit(0))
    })
  }
}

main(process.argv[2]).catch((error: unknown) =>
  fail(isAppError(error) ? error.detail : error instanceof Error ? (error.stack ?? error.message) : String(error)),
)
