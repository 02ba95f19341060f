import { signInWays } from '../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'How one may sign in here',
  permission: 'public',
  response: signInWays,
  handler: ({ brain: { settings } }) => ({
    local: settings.localSignIn,
    oidc: settings.oidc && { name: settings.oidc.name },
  }),
})
