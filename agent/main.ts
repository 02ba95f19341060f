import { dirname } from 'node:path'
import { POLICY } from '../shared/domain/policy'
import { isAppError } from '../shared/errors'
import { readSettings } from './config'
import { joinBrain } from './join'
import { listRunning } from './list-running'
import { createLog } from './log'
import { isBrainThere } from './program/is-brain-there'
import { keepAgent, UPDATE_EXIT } from './program/keep-agent'
import { openOwnProgram } from './program/own-program'
import { runAgent } from './run-agent'
import { stopAll } from './stop-all'

const USAGE = `usage: node strata-agent.mjs [keep | join | stop-all | list]

  (nothing)  supervise the servers of this node and serve its brain
  keep       the same, by a program in the folder of this file that is replaced by newer ones of the brain
  join       become a node with STRATA_JOIN_TOKEN, and end
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
  if (command === 'join') return process.exit(await joinBrain({ settings, say }).then(() => 0))
  if (command === 'keep') return keep(settings.brainUrl)
  if (command !== undefined) return fail(USAGE)
  const end = (code: number) => void agent.close().then(() => process.exit(code))
  const program = openOwnProgram(settings.brainUrl)
  const agent = await runAgent(settings, createLog(settings.logLevel, settings.logFile), {
    program,
    giveUp: fail,
    restart: () => end(UPDATE_EXIT),
  })
  let isEnding = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isEnding) process.exit(1)
      isEnding = true
      end(0)
    })
  }
}

async function keep(brainUrl: string): Promise<void> {
  const folder = dirname(process.argv[1] ?? '')
  const { readyMs, lookMs } = POLICY.agentUpdate
  const keeper = keepAgent({
    folder,
    readyWithinMs: readyMs,
    lookEveryMs: lookMs,
    isBrainThere: () => isBrainThere(brainUrl),
    say,
  })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => keeper.stop())
  process.exit(await keeper.ended)
}

main(process.argv[2]).catch((error: unknown) =>
  fail(isAppError(error) ? error.detail : error instanceof Error ? (error.stack ?? error.message) : String(error)),
)
