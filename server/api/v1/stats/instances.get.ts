import { reaches } from '../../../../shared/domain/permissions'
import { fleetLoad, fleetLoadQuery } from '../../../../shared/schemas/usage'
import { defineEndpoint } from '../../../http/define-endpoint'

/** Present load of many servers at once, for lists. */
export default defineEndpoint({
  permission: 'instance.read',
  scope: 'any',
  query: fleetLoadQuery,
  response: fleetLoad,
  handler: ({ brain, reach, query }) => brain.stats.loads(query.ids.filter(id => reaches(reach, id))),
})
