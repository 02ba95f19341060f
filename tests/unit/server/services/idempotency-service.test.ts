import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSecretBox } from '../../../../server/brain/secret-box'
import type { DatabaseHandle } from '../../../../server/db/client'
import { createIdempotencyStore } from '../../../../server/db/stores/idempotency'
import { createIdempotencyService } from '../../../../server/services/idempotency-service'
import { POLICY } from '../../../../shared/domain/policy'
import { openTestDatabase } from '../../../support/database'

let database: DatabaseHandle
let now = 0
const secretBox = createSecretBox(randomBytes(32))
const service = () =>
  createIdempotencyService({
    store: createIdempotencyStore(database.db),
    secretBox,
    clock: { now: () => now, monotonic: () => 0 },
  })
beforeEach(() => {
  database = openTestDatabase()
  now = 1_000
})
afterEach(() => database.close())

const REQUEST = { owner: 'user:anna', key: 'k', requestHash: 'h' }
const answer = (body: string) => async () => ({ status: 201, headers: {}, body })

it('does not guess what became of a request that a dying brain had begun', async () => {
  const before = service()
  void before.once(REQUEST, () => new Promise(() => {}))
  await expect.poll(() => database.sqlite.prepare('SELECT count(*) AS n FROM idempotency_keys').get()).toEqual({ n: 1 })
  await expect(service().once(REQUEST, answer('again'))).rejects.toMatchObject({
    code: 'IDEMPOTENCY_CONFLICT',
    detail: expect.stringContaining('Look whether it took effect'),
  })
})

it('forgets after its time', async () => {
  await service().once(REQUEST, answer('first'))
  now += POLICY.http.idempotencyKeptMs
  expect(await service().forgetOld()).toBe(0)
  expect((await service().once(REQUEST, answer('second'))).body).toBe('first')
  now += 1
  expect(await service().forgetOld()).toBe(1)
  expect((await service().once(REQUEST, answer('second'))).body).toBe('second')
})
