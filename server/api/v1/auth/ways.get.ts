import { signInWays } from '../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../http/define-endpoint'

/** How one may sign in here. */
export default defineEndpoint({
  permission: 'public',
  response: signInWays,
  handler: ({ brain: { settings } }) => ({
    local: settings.localSignIn,
    oidc: settings.oidc && { name: settings.oidc.name },
  }),
})
