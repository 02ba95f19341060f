import { setResponseStatus } from 'h3'
import { publishQuery, templateVersionView, versionParams } from '../../../../../../../shared/schemas/template'
import { allowLongUploads } from '../../../../../../http/allow-long-uploads'
import { defineEndpoint } from '../../../../../../http/define-endpoint'

/** Publishes an archive. 200 instead of 201 when these very bytes are this version already. */
export default defineEndpoint({
  permission: 'template.publish',
  params: versionParams,
  query: publishQuery,
  body: 'stream',
  response: templateVersionView,
  status: 201,
  audit: { action: 'template.publish' },
  async handler({ brain, principal, params, query, body, event, note }) {
    allowLongUploads(event.node.req)
    const { created, version } = await brain.templates.publish(
      principal,
      { template: params.id, version: params.version, ...query },
      body,
    )
    if (!created) setResponseStatus(event, 200)
    note({ detail: { sha256: version.sha256, sizeBytes: version.sizeBytes, created } })
    return version
  },
})
