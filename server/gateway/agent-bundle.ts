import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError, isAppError } from '../../shared/errors'
import type { AgentFiles } from '../ports'

/** The agent, as one file that any Node of the required version runs. */
export interface AgentBundle {
  bytes: Buffer
  /** Hexadecimal; also its ETag. */
  sha256: string
}

let kept: (AgentBundle & { path: string; changedAt: number }) | null = null

/**
 * The agent that belongs to this brain; read once and again when the file changes.
 *
 * @throws AppError NOT_FOUND when it was not built or lies elsewhere.
 */
export async function readAgentBundle(path: string): Promise<AgentBundle> {
  try {
    const { mtimeMs } = await stat(path)
    if (kept?.path === path && kept.changedAt === mtimeMs) return kept
    const bytes = await readFile(path)
    kept = { path, changedAt: mtimeMs, bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
    return kept
  } catch (cause) {
    throw missing(cause)
  }
}

/** What the joining script is filled in with. */
export interface JoinScriptFacts {
  agentImage: string
}

/**
 * The script that joins a machine, for the agent that this brain gives out now: it takes no other.
 *
 * @throws AppError NOT_FOUND when either was not built or lies elsewhere.
 */
export async function readJoinScript(path: string, { agentImage }: JoinScriptFacts): Promise<AgentBundle> {
  const { sha256: agentSha256 } = await readAgentBundle(path)
  const template = await readFile(join(dirname(path), 'join.sh'), 'utf8').catch((cause: unknown) => {
    throw missing(cause)
  })
  const bytes = Buffer.from(
    template.replace('@AGENT_SHA256@', () => agentSha256).replace('@AGENT_IMAGE@', () => agentImage),
  )
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}

function missing(cause: unknown): AppError {
  return new AppError(
    'NOT_FOUND',
    'This brain does not have the agent at hand. Build it (npm run build), or name its file in STRATA_AGENT_BUNDLE, and start the brain again.',
    { cause },
  )
}

/** Where the launcher put the agent; a brain started by hand in the project's folder finds it by itself. */
export function agentBundlePath(): string {
  return process.env.STRATA_AGENT_BUNDLE || 'dist/agent/strata-agent.mjs'
}

export function createAgentFiles(facts: JoinScriptFacts): AgentFiles {
  return {
    agentSha256: () => unlessMissing(readAgentBundle(agentBundlePath())),
    joinScriptSha256: () => unlessMissing(readJoinScript(agentBundlePath(), facts)),
  }
}

async function unlessMissing(file: Promise<AgentBundle>): Promise<string | null> {
  try {
    return (await file).sha256
  } catch (error) {
    if (isAppError(error) && error.code === 'NOT_FOUND') return null
    throw error
  }
}
