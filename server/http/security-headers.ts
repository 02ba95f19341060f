/** For every answer. */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "frame-ancestors 'none'",
}

/** For what endpoints answer, which is never a page: should a browser show it as one all the same, nothing in it runs. */
export const ENDPOINT_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
