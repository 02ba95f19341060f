import { expect, it } from 'vitest'
import { createRefusalLog } from '../../../../server/services/refusal-log'

it('writes one entry a minute for each node and code, and how many it left out', async () => {
  let now = 0
  const written: string[] = []
  const refused = createRefusalLog({
    audit: {
      record: async ({ subject, detail }) =>
        void written.push(`${subject.id} ${String(detail.code)} ${String(detail.unwrittenBefore)}`),
    },
    clock: { monotonic: () => now },
  })
  const refuse = (nodeId: string | null, code: string, address = 'a') =>
    refused({ nodeId, address, code, message: 'no' })

  for (let count = 0; count < 100; count++) await refuse('n1', 'NOT_OWNER')
  await refuse('n1', 'MESSAGE_INVALID')
  await refuse('n2', 'NOT_OWNER')
  // Strangers are one, however many addresses they come from.
  for (let count = 0; count < 100; count++) await refuse(null, 'HANDSHAKE_REFUSED', `address-${count}`)
  now = 60_000
  await refuse('n1', 'NOT_OWNER')
  expect(written).toEqual([
    'n1 NOT_OWNER 0',
    'n1 MESSAGE_INVALID 0',
    'n2 NOT_OWNER 0',
    'null HANDSHAKE_REFUSED 0',
    'n1 NOT_OWNER 99',
  ])
})
