import { registryList } from '../../../../shared/schemas/registry'
import { defineEndpoint } from '../../../http/define-endpoint'

/** Sign-ins at registries of images, without their secrets. */
export default defineEndpoint({
  permission: 'settings.manage',
  response: registryList,
  handler: ({ brain }) => brain.registries.list(),
})
