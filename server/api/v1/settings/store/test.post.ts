import { storeTest, testStoreBody } from '../../../../../shared/schemas/store'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** Does with a store what Strata ever does with it, and says what came of each step. 200 also when steps failed. */
export default defineEndpoint({
  permission: 'settings.manage',
  body: testStoreBody,
  response: storeTest,
  audit: { action: 'store.test', subject: 'store' },
  handler: async ({ brain, body, note }) => {
    const answer = await brain.stores.test(body.store)
    note({ subjectId: answer.store, detail: { passed: answer.passed } })
    return answer
  },
})
