import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder; every script runs there, wherever it was called from. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** What the scripts keep for themselves: a fetched Node, locks, caches. Never in the repository. */
export const STATE_DIR = join(ROOT, '.strata')

export const BRAIN_ENTRY = join(ROOT, 'scripts', 'brain.mjs')
export const BRAIN_BUILD = join(ROOT, '.output')
export const AGENT_BUILD = join(ROOT, 'dist', 'agent')
export const AGENT_ENTRY = join(AGENT_BUILD, 'strata-agent.mjs')
