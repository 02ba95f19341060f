import { z } from 'zod'
import { timestamp } from './common'
import { storeView } from './store'

/** How this brain is set up, as far as an admin may see it. Never a secret. */
export const settingsView = z.object({
  version: z.string(),
  startedAt: timestamp,
  dataDir: z.string(),
  /** Where browsers and agents reach the brain, when that is not where it listens. */
  publicUrl: z.string().nullable(),
  /** Address and port the brain was told to listen on. */
  listensOn: z.string(),
  store: storeView,
})
export type SettingsView = z.output<typeof settingsView>
