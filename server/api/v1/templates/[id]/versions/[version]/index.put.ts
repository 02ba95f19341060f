import { setResponseStatus } from 'h3'
import { publishQuery, templateVersionView, versionParams } from '../../../../../../../shared/schemas/template'
import { allowLongUploads } from '../../../../../../http/allow-long-uploads'
import { defineEndpoint } from '../../../../../../http/define-endpoint'
import { ARCHIVE_REFUSALS, STORE_REFUSALS } from '../../../../../../http/refusals'

export default defineEndpoint({
  summary: 'Publish a version',
  description:
    'The body is the archive: `.tar`, `.tar.gz` or `.tar.zst`. `latest` moves here unless `tag` names another.',
  permission: 'template.publish',
  params: versionParams,
  query: publishQuery,
  body: 'stream',
  response: templateVersionView,
  status: 201,
  otherwise: { 200: 'These very bytes are this version already' },
  audit: { action: 'template.publish' },
  errors: ['BAD_REQUEST', 'VERSION_EXISTS', 'PAYLOAD_TOO_LARGE', ...ARCHIVE_REFUSALS, ...STORE_REFUSALS],
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
