import { join } from 'node:path'
import { build } from 'rolldown'
import type { BuildOptions, Plugin } from 'rolldown'
import agentBundle from '../../agent/rolldown.config.mjs'

/** Builds the agent of these sources into a folder, with the joining script beside it; `version` makes it another program. */
export async function buildAgent(folder: string, version?: string): Promise<string> {
  const file = join(folder, 'strata-agent.mjs')
  const { plugins, ...options } = agentBundle as BuildOptions
  const another: Plugin = {
    name: 'another-version',
    load: id =>
      version && id.endsWith(join('agent', 'version.ts'))
        ? { code: `export const AGENT_VERSION = ${JSON.stringify(version)}`, moduleType: 'js' }
        : null,
  }
  await build({
    ...options,
    plugins: [another, plugins],
    output: { ...options.output, file },
  })
  return file
}
