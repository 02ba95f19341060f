import { expect, it } from 'vitest'
import { pullFault } from '../../../../agent/runtime/docker-pull-errors'

/** As engines of several versions and registries said it. */
it.each([
  ['manifest for localhost:5000/x:9 not found: manifest unknown: manifest unknown', 'not-found'],
  [
    'pull access denied for x, repository does not exist or may require "docker login": denied: requested access to the resource is denied',
    'unauthorized',
  ],
  ['Head "http://127.0.0.1:5000/v2/x/manifests/1": no basic auth credentials', 'unauthorized'],
  ['Get "http://127.0.0.1:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused', 'away'],
  ['Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host', 'away'],
  [
    'Get "https://r/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    'away',
  ],
  ['toomanyrequests: You have reached your pull rate limit.', 'away'],
  ['write /var/lib/docker/tmp/GetImageBlob1: no space left on device', 'no-space'],
  ['invalid reference format', 'refused'],
])('%s', (message, kind) => {
  const fault = pullFault(message)
  expect(fault.kind).toBe(kind)
  expect(fault.words).toMatch(/[^.]\.$/)
})
