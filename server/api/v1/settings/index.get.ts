import { settingsView } from '../../../../shared/schemas/settings'
import { VERSION } from '../../../brain/version'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'How this brain is set up',
  description: 'Never a secret.',
  permission: 'settings.manage',
  response: settingsView,
  handler: async ({ brain: { settings, startedAt, stores } }) => ({
    version: VERSION,
    startedAt,
    dataDir: settings.dataDir,
    publicUrl: settings.publicUrl?.origin ?? null,
    listensOn: `${settings.host}:${settings.port}`,
    store: await stores.view(),
  }),
})
