import { reaches } from '../../../../shared/domain/permissions'
import { fleetLoad, fleetLoadQuery } from '../../../../shared/schemas/usage'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Present load of many servers',
  description: 'For lists: `ids` separated by commas.',
  permission: 'instance.read',
  scope: 'any',
  query: fleetLoadQuery,
  response: fleetLoad,
  handler: ({ brain, reach, query }) => brain.stats.loads(query.ids.filter(id => reaches(reach, id))),
})
