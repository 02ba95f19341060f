import { agentBundlePath, readAgentBundle } from '../../gateway/agent-bundle'
import { defineEndpoint } from '../../http/define-endpoint'

/** In the form that `sha256sum --check` reads. */
export default defineEndpoint({
  permission: 'public',
  response: 'text',
  async handler() {
    const { sha256 } = await readAgentBundle(agentBundlePath())
    return `${sha256}  strata-agent.mjs\n`
  },
})
