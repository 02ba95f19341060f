import { fleetLoad, fleetLoadQuery } from '../../../../shared/schemas/usage'
import { defineEndpoint } from '../../../http/define-endpoint'

/** Present load of many servers at once, for lists. */
export default defineEndpoint({
  permission: 'instance.read',
  query: fleetLoadQuery,
  response: fleetLoad,
  handler: ({ brain, query }) => brain.stats.loads(query.ids),
})
