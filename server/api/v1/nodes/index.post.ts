import { createNodeAnswer, createNodeBody } from '../../../../shared/schemas/node'
import { defineEndpoint } from '../../../http/define-endpoint'
import { ownUrl } from '../../../http/own-url'

/** The join token is in this answer and nowhere else. */
export default defineEndpoint({
  permission: 'node.manage',
  body: createNodeBody,
  response: createNodeAnswer,
  status: 201,
  audit: { action: 'node.create' },
  async handler({ brain, body, event, note }) {
    const created = await brain.nodes.create(body, await brain.doors.joinAddress(ownUrl(event)))
    note({ subjectId: created.node.id })
    return created
  },
})
