import { z } from 'zod'
import { givenPassword } from './account'
import { timestamp } from './common'

/** How one may sign in here: what the sign-in page offers. */
export const signInWays = z.object({
  /** With name and password. */
  local: z.boolean(),
  /** With somebody else's accounts, by OpenID Connect; `name` is for the button. */
  oidc: z.object({ name: z.string() }).nullable(),
})

/** What an app shows, or a recovery code; spaces and dashes do not count. */
export const oneTimeCode = z
  .string()
  .trim()
  .min(6, 'a code has 6 digits, a recovery code 16 letters and digits')
  .max(40)

export const loginTotpBody = z.strictObject({ challenge: z.string().min(1).max(100), code: oneTimeCode })
export const totpCodeBody = z.strictObject({ code: oneTimeCode })
export const totpEnrolBody = z.strictObject({ password: givenPassword })

export const totpStatus = z.object({
  /** Since when; null while no codes are asked for. */
  enabledAt: timestamp.nullable(),
  recoveryCodesLeft: z.int().nonnegative(),
  /** The brain's settings require codes of this account. */
  required: z.boolean(),
  /** Where the account signs in, when that is not here: then it has no codes of Strata's. */
  issuer: z.string().nullable(),
})
export type TotpStatus = z.output<typeof totpStatus>
/** Shown once. `uri` is what the QR code holds. */
export const totpEnrolment = z.object({ secret: z.string(), uri: z.string() })
/** Shown once; each works once. */
export const recoveryCodesAnswer = z.object({ recoveryCodes: z.array(z.string()) })

export const oidcStartQuery = z.strictObject({ returnTo: z.string().max(2_000).optional() })
/** Issuers add words of their own; only the library reads them. */
export const oidcAnswerQuery = z.object({ state: z.string().min(1).max(200) })
