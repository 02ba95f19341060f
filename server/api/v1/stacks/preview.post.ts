import { previewBody, stackPreview } from '../../../../shared/schemas/stack'
import { defineEndpoint } from '../../../http/define-endpoint'

/** What a stack would become; changes nothing. */
export default defineEndpoint({
  permission: 'template.read',
  body: previewBody,
  response: stackPreview,
  audit: 'nothing',
  handler({ brain, body }) {
    const place = brain.variables.placeOf({ nodeId: null, placement: body.placement ?? {} })
    return brain.stacks.preview(body, brain.variables.inherited(place))
  },
})
