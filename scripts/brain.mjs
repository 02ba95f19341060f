// Starts a built brain, under the launcher and in a container alike.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { nitroSettings } from './brain-settings.mjs'
import { AGENT_ENTRY, BRAIN_BUILD } from './paths.mjs'

const program = join(BRAIN_BUILD, 'server', 'index.mjs')
const entry = pathToFileURL(program).href

// The data folder may lie open so that servers reach the files of the local node in it; what the brain writes is its own.
process.umask(0o077)
Object.assign(process.env, { NODE_ENV: 'production' }, nitroSettings(process.env))
// The program that nodes fetch from this brain.
process.env.STRATA_AGENT_BUNDLE ??= AGENT_ENTRY
// The brain looks for its migrations and examples beside its program, which is not this file.
process.argv[1] = program
// Nitro's bundle takes `import.meta.url` from here, and sets it itself only after the brain's code asked for it.
globalThis._importMeta_ = { url: entry, env: process.env }
await import(entry)
