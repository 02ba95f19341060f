import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { isBrainThere } from '../../../../agent/program/is-brain-there'

it('sees whether a brain is well; one that starts, ends or is replaced by an error page is not there', async () => {
  let status = 200
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(status).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await isBrainThere(url)).toBe(true)
  for (status of [503, 502, 404]) expect(await isBrainThere(url)).toBe(false)
  expect(new Set(asked)).toEqual(new Set(['/healthz']))
  await new Promise(resolve => server.close(resolve))
  expect(await isBrainThere(url)).toBe(false)
})
