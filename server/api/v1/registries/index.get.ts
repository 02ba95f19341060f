import { registryList } from '../../../../shared/schemas/registry'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'List sign-ins at registries of images',
  description: 'Without their secrets.',
  permission: 'settings.manage',
  response: registryList,
  handler: ({ brain }) => brain.registries.list(),
})
