import { parseArgs } from 'node:util'
import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../../shared/errors'
import { createFakeAgent, FakeRefusal, type FakeAgent } from './fake-agent'

const HELP = `A fake agent: joins a brain and pretends to run servers.

  STRATA_BRAIN_URL      where the brain is (http://127.0.0.1:3000)
  STRATA_JOIN_TOKEN     one join token per agent, separated by commas
  STRATA_FAKE_IDENTITY  instead: <node id>:<secret> of agents that joined before, separated by commas

  --name <text>         host name to report
  --step <ms>           how long preparing, starting, stopping take (50)
  --slow <ms>           answer everything this much later
  --silent              connect, then neither answer nor report anything
  --refuse <CODE>       refuse every lifecycle command with this code
  --fail-prepare <CODE> let every preparing fail with this code
  --crash <ms>          let every server crash this long after it was ready
  --exit-code <n>       the code of those crashes (1)
  --console <ms>        a console line this often while somebody watches (1000)
  --stats <ms>          a sample this often while somebody watches (1000)
  --help`

const number = z.coerce.number().int().nonnegative()
const code = z
  .string()
  .refine((text): text is ErrorCode => Object.hasOwn(ERRORS, text), 'not a code of shared/errors.ts')
const list = z.string().transform(text =>
  text
    .split(',')
    .map(part => part.trim())
    .filter(Boolean),
)

const environment = z.object({
  STRATA_BRAIN_URL: z.url().default('http://127.0.0.1:3000'),
  STRATA_JOIN_TOKEN: list.default([]),
  STRATA_FAKE_IDENTITY: list.default([]),
})

const flags = z.object({
  name: z.string().optional(),
  step: number.default(50),
  slow: number.default(0),
  silent: z.boolean().default(false),
  refuse: code.nullable().default(null),
  'fail-prepare': code.nullable().default(null),
  crash: number.nullable().default(null),
  'exit-code': number.max(255).default(1),
  console: number.min(1).default(1_000),
  stats: number.min(1).default(1_000),
})

const text = { type: 'string' } as const
const OPTIONS = {
  name: text,
  step: text,
  slow: text,
  silent: { type: 'boolean' },
  refuse: text,
  'fail-prepare': text,
  crash: text,
  'exit-code': text,
  console: text,
  stats: text,
  help: { type: 'boolean' },
} as const

function readInput() {
  try {
    const { values } = parseArgs({ options: OPTIONS })
    if (values.help) {
      console.log(HELP)
      process.exit(0)
    }
    return { env: environment.parse(process.env), given: flags.parse(values) }
  } catch (error) {
    console.error(error instanceof z.ZodError ? z.prettifyError(error) : String(error))
    console.error(`\n${HELP}`)
    process.exit(2)
  }
}

const { env, given } = readInput()
const behaviour = {
  stepMs: given.step,
  slowMs: given.slow,
  isSilent: false,
  refuse: given.refuse,
  failPrepare: given['fail-prepare'],
  crashAfterMs: given.crash,
  exitCode: given['exit-code'],
  consoleEveryMs: given.console,
  statsEveryMs: given.stats,
}
const credentials = [
  ...env.STRATA_JOIN_TOKEN.map(joinToken => ({ joinToken })),
  ...env.STRATA_FAKE_IDENTITY.map(pair => {
    const [nodeId = '', secret = ''] = pair.split(':')
    return { identity: { nodeId, secret } }
  }),
]
if (credentials.length === 0) {
  console.error(
    'Neither STRATA_JOIN_TOKEN nor STRATA_FAKE_IDENTITY is set. Add a node in the panel and take the token from its join command.\n',
  )
  console.error(HELP)
  process.exit(2)
}

const agents = credentials.map((credential, index) => {
  const hostname = `${given.name ?? 'fake'}${credentials.length > 1 ? `-${index + 1}` : ''}`
  return createFakeAgent({ brainUrl: env.STRATA_BRAIN_URL, ...credential, behaviour, specs: { hostname } })
})

/** Dials until the brain answers; a refusal is final. */
async function join(agent: FakeAgent): Promise<void> {
  agent.socket.onAny((name: string, payload: unknown) =>
    console.log(`${agent.identity()?.nodeId ?? 'new'} ← ${name} ${describe(payload)}`),
  )
  agent.socket.on('disconnect', reason => console.log(`${agent.identity()?.nodeId} lost the brain (${reason})`))
  for (;;) {
    try {
      await agent.connect()
      break
    } catch (error) {
      if (error instanceof FakeRefusal) {
        console.error(`Refused: ${error.code}: ${error.message}`)
        process.exitCode = 1
        return agent.close()
      }
      console.error(
        `No brain at ${env.STRATA_BRAIN_URL} yet; dialling on. (${error instanceof Error ? error.message : 'unknown'})`,
      )
    }
  }
  const identity = agent.identity()
  console.log(
    `Node ${identity?.nodeId} is connected. To come back later: STRATA_FAKE_IDENTITY=${identity?.nodeId}:${identity?.secret}`,
  )
  agent.behaviour.isSilent = given.silent
}

/** Ids alone: specs hold secrets. */
function describe(payload: unknown): string {
  const known = z.object({ instanceId: z.string().optional(), generation: z.number().optional() }).safeParse(payload)
  return known.success
    ? [known.data.instanceId, known.data.generation].filter(part => part !== undefined).join(' #')
    : ''
}

await Promise.all(agents.map(join))
process.once('SIGINT', () => void Promise.all(agents.map(agent => agent.close())).then(() => process.exit(0)))
