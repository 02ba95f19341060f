import { join } from 'node:path'
import { nitroSettings } from './brain-settings.mjs'
import { STATE_DIR } from './paths.mjs'
import { runTool, tool } from './run-tool.mjs'

/** The brain and the panel from their sources, with a data folder of their own, so that trying things costs nobody a world. */
export async function dev() {
  const { NITRO_HOST: host, NITRO_PORT: port } = nitroSettings(process.env)
  console.log('For a node without Docker, in a second terminal: npm run agent:fake')
  return runTool(tool('nuxt'), ['dev', '--host', host, '--port', port], {
    env: { ...process.env, STRATA_DATA_DIR: process.env.STRATA_DATA_DIR || join(STATE_DIR, 'dev') },
  })
}
