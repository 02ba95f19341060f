import { rename, rm, writeFile } from 'node:fs/promises'
import { POLICY } from '../../shared/domain/policy'
import { AppError, isAppError } from '../../shared/errors'
import type { BrainToAgent } from '../../shared/protocol/agent'
import type { AgentProgram } from '../../shared/schemas/node'
import { READY, SUPERVISING } from './keep-agent'
import { programFiles, readFailure, sha256Of, sha256OfFile, writeFailure } from './program-files'

/** The agent as a program: which one it is, and how it becomes a newer one. */
export interface OwnProgram {
  describe: () => AgentProgram
  /** To the keeper, if there is one: this program holds its servers. */
  saySupervising: () => void
  /** And: the brain has its report. */
  sayReady: () => void
  /** CONFLICT where this program is not one that updates itself. */
  refuseWhereFixed: () => void
  /**
   * Fetches the program, checks it and leaves it for the keeper. DOWNLOAD_FAILED, CHECKSUM_MISMATCH; then nothing has
   * changed, and `describe` says why.
   */
  fetchNext: (wanted: BrainToAgent['node.update']) => Promise<void>
}

/** @param brainUrl where the agent reaches its brain, which has the program */
export function openOwnProgram(brainUrl: string): OwnProgram {
  const folder = process.env.STRATA_KEEPER || null
  // Now: the file is replaced while this program runs.
  const sha256 = sha256OfFile(process.argv[1] ?? '')
  const isPackaged = process.pid === 1 || process.env.STRATA_AGENT_PACKAGE === 'container'
  const updates = folder ? 'self' : isPackaged ? 'container' : 'elsewhere'
  if (folder) process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

  async function download(wanted: BrainToAgent['node.update'], into: string): Promise<void> {
    const answer = await fetch(`${brainUrl}/agent/strata-agent.mjs`, {
      signal: AbortSignal.timeout(POLICY.agentUpdate.downloadMs),
    })
    if (!answer.ok) throw new AppError('DOWNLOAD_FAILED', `The brain answered ${answer.status} for the newer agent.`)
    const bytes = Buffer.from(await answer.arrayBuffer())
    const found = sha256Of(bytes)
    if (found !== wanted.sha256)
      throw new AppError(
        'CHECKSUM_MISMATCH',
        `The newer agent that came is not the one that was announced (sha256 ${found.slice(0, 12)}…, expected ${wanted.sha256.slice(0, 12)}…).`,
      )
    await writeFile(into, bytes, { mode: 0o644, flush: true })
  }

  return {
    describe: () => ({ sha256, updates, failure: folder ? readFailure(folder) : null }),
    saySupervising: () => void (folder && process.send?.(SUPERVISING)),
    sayReady: () => void (folder && process.send?.(READY)),
    refuseWhereFixed() {
      if (!folder)
        throw new AppError(
          'CONFLICT',
          updates === 'container'
            ? 'This agent runs as a container: it is updated with its image. Run a new join command for Docker on that machine.'
            : 'This agent was started by hand or by npm start: whoever started it starts the newer one.',
        )
    },
    async fetchNext(wanted) {
      if (!folder) return
      const { next } = programFiles(folder)
      writeFailure(folder, null)
      const part = `${next}.part`
      try {
        await download(wanted, part)
        await rename(part, next)
      } catch (error) {
        await rm(part, { force: true })
        const told = isAppError(error)
          ? error
          : new AppError(
              'DOWNLOAD_FAILED',
              `The newer agent could not be fetched: ${error instanceof Error ? error.message : 'no reason given'}.`,
              { cause: error },
            )
        writeFailure(folder, { sha256: wanted.sha256, message: told.detail })
        throw told
      }
    },
  }
}
