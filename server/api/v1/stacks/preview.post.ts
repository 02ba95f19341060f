import { previewBody, stackPreview } from '../../../../shared/schemas/stack'
import { defineEndpoint } from '../../../http/define-endpoint'
import { STACK_REFUSALS, STORE_REFUSALS } from '../../../http/refusals'

export default defineEndpoint({
  summary: 'What a stack would become',
  description: 'Changes nothing.',
  permission: 'template.read',
  body: previewBody,
  response: stackPreview,
  audit: 'nothing',
  errors: [...STACK_REFUSALS, ...STORE_REFUSALS],
  handler({ brain, body }) {
    const place = brain.variables.placeOf({ nodeId: null, placement: body.placement ?? {} })
    return brain.stacks.preview(body, brain.variables.inherited(place))
  },
})
