import { createHash } from 'node:crypto'
import { VERSION } from '../brain/version'
import { describeApi } from './document'
import { listRoutes } from './route-list'

let served: Promise<{ text: string; etag: string }> | undefined

/** The document as it goes over the wire. Made when it is first asked for, and once: routes do not change while a brain runs. */
export function servedDocument(): Promise<{ text: string; etag: string }> {
  served ??= makeDocument()
  return served
}

async function makeDocument(): Promise<{ text: string; etag: string }> {
  const text = JSON.stringify(describeApi(await listRoutes(), VERSION))
  return { text, etag: `"${createHash('sha256').update(text).digest('base64url')}"` }
}
