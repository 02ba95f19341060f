import { agentBundlePath, readAgentBundle } from '../../gateway/agent-bundle'
import { defineEndpoint } from '../../http/define-endpoint'

export default defineEndpoint({
  summary: 'The checksum of the agent',
  description: 'In the form that `sha256sum --check` reads.',
  permission: 'public',
  response: 'text',
  errors: ['NOT_FOUND'],
  async handler() {
    const { sha256 } = await readAgentBundle(agentBundlePath())
    return `${sha256}  strata-agent.mjs\n`
  },
})
