import { putRegistryBody, registryLogin } from '../../../../shared/schemas/registry'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Keep a sign-in at a registry of images',
  description: 'The same registry and node again replaces it.',
  permission: 'settings.manage',
  body: putRegistryBody,
  response: registryLogin,
  status: 201,
  audit: { action: 'registry.put' },
  errors: ['NODE_UNKNOWN'],
  async handler({ brain, body, note }) {
    const kept = await brain.registries.put(body)
    note({ subjectId: kept.id })
    return kept
  },
})
