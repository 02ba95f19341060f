import { storeTest, testStoreBody } from '../../../../../shared/schemas/store'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { STORE_REFUSALS } from '../../../../http/refusals'

export default defineEndpoint({
  summary: 'Test an object store',
  description: 'Does with it what Strata ever does, and says what came of each step. 200 also when steps failed.',
  permission: 'settings.manage',
  body: testStoreBody,
  response: storeTest,
  audit: { action: 'store.test', subject: 'store' },
  errors: ['CONFLICT', ...STORE_REFUSALS],
  handler: async ({ brain, body, note }) => {
    const answer = await brain.stores.test(body.store)
    note({ subjectId: answer.store, detail: { passed: answer.passed } })
    return answer
  },
})
