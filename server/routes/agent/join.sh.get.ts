import { setResponseHeaders } from 'h3'
import { agentBundlePath, readJoinScript } from '../../gateway/agent-bundle'
import { defineEndpoint } from '../../http/define-endpoint'

export default defineEndpoint({
  summary: 'The script that a join command runs',
  description: 'It holds no secret, so anybody may have it.',
  permission: 'public',
  response: 'text',
  errors: ['NOT_FOUND', 'BAD_REQUEST'],
  async handler({ brain, event }) {
    const { bytes, sha256 } = await readJoinScript(agentBundlePath(), brain.settings)
    setResponseHeaders(event, { etag: `"${sha256}"`, 'x-strata-sha256': sha256, 'cache-control': 'no-cache' })
    return bytes.toString()
  },
})
