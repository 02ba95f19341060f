import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export interface S3Credentials {
  accessKeyId: string
  secretAccessKey: string
}

/**
 * Judges a request by AWS Signature Version 4, in the header or in the query (presigned), as a real store does; source:
 * "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference.
 *
 * @param now wall clock of whoever judges a presigned address, milliseconds
 * @returns undefined when it is right, else the S3 error code
 */
export function findSignatureFault(
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  credentials: S3Credentials,
  now: number,
): 'AccessDenied' | 'SignatureDoesNotMatch' | 'InvalidAccessKeyId' | undefined {
  const url = new URL(request.url ?? '/', 'http://store')
  const query = [...url.searchParams]
  const signed = url.searchParams.has('X-Amz-Signature') ? fromQuery(url.searchParams) : fromHeader(request.headers)
  if (!signed) return 'AccessDenied'
  const [keyId, date, region, service, kind] = signed.credential.split('/')
  if (keyId !== credentials.accessKeyId) return 'InvalidAccessKeyId'
  if (signed.expires !== undefined && now >= timeOf(signed.date) + signed.expires * 1_000) return 'AccessDenied'

  const canonical = [
    request.method,
    url.pathname,
    query
      .filter(([name]) => name !== 'X-Amz-Signature')
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&'),
    ...signed.headers.map(name => `${name}:${String(request.headers[name] ?? '').trim()}`),
    '',
    signed.headers.join(';'),
    signed.expires === undefined ? String(request.headers['x-amz-content-sha256']) : 'UNSIGNED-PAYLOAD',
  ].join('\n')
  const scope = [date, region, service, kind].join('/')
  const text = ['AWS4-HMAC-SHA256', signed.date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
  let key: Buffer = Buffer.from(`AWS4${credentials.secretAccessKey}`)
  for (const part of [date, region, service, kind]) key = hmac(key, part ?? '')
  const expected = hmac(key, text)
  const given = Buffer.from(signed.signature, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected) ? undefined : 'SignatureDoesNotMatch'
}

interface Signed {
  credential: string
  /** `20261121T063000Z` */
  date: string
  headers: string[]
  signature: string
  /** Seconds; presigned addresses alone have it. */
  expires?: number
}

function fromQuery(query: URLSearchParams): Signed {
  return {
    credential: query.get('X-Amz-Credential') ?? '',
    date: query.get('X-Amz-Date') ?? '',
    headers: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    expires: Number(query.get('X-Amz-Expires')),
  }
}

function fromHeader(headers: IncomingMessage['headers']): Signed | undefined {
  const match = /^AWS4-HMAC-SHA256 Credential=([^,]+), *SignedHeaders=([^,]+), *Signature=([0-9a-f]+)$/.exec(
    headers.authorization ?? '',
  )
  if (!match) return undefined
  const [, credential = '', names = '', signature = ''] = match
  return { credential, date: String(headers['x-amz-date']), headers: names.split(';'), signature }
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** RFC 3986: what is left as it is, is letters, digits and - _ . ~ */
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

function timeOf(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}
