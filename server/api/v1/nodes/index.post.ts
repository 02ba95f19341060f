import { createNodeAnswer, createNodeBody } from '../../../../shared/schemas/node'
import { defineEndpoint } from '../../../http/define-endpoint'
import { ownUrl } from '../../../http/own-url'

export default defineEndpoint({
  summary: 'Make a node',
  description: 'The join token is in this answer and nowhere else.',
  permission: 'node.manage',
  body: createNodeBody,
  response: createNodeAnswer,
  status: 201,
  audit: { action: 'node.create' },
  errors: ['NAME_TAKEN', 'BAD_REQUEST'],
  async handler({ brain, body, event, note }) {
    const created = await brain.nodes.create(body, await brain.doors.joinAddress(ownUrl(event)))
    note({ subjectId: created.node.id })
    return created
  },
})
