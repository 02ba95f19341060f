import { putRegistryBody, registryLogin } from '../../../../shared/schemas/registry'
import { defineEndpoint } from '../../../http/define-endpoint'

/** Keeps a sign-in; the same registry and node again replaces it. */
export default defineEndpoint({
  permission: 'settings.manage',
  body: putRegistryBody,
  response: registryLogin,
  status: 201,
  audit: { action: 'registry.put' },
  async handler({ brain, body, note }) {
    const kept = await brain.registries.put(body)
    note({ subjectId: kept.id })
    return kept
  },
})
