import type { AddressInfo } from 'node:net'
import { toNodeListener } from 'h3'
import { hashPassword, verifyPassword } from '#imports'
import { defineNitroPlugin } from 'nitropack/runtime'
import { isAppError } from '../../shared/errors'
import { createBrain } from '../brain/create-brain'
import { setBrain } from '../brain/current'
import { DataFolderError } from '../brain/data-folder'
import { onListening } from '../brain/on-listening'
import { loadSettings, SettingsError } from '../brain/settings'
import { MigrationError } from '../db/migrate'
import { TlsFault } from '../tls/tls-fault'

/** Makes the brain before Nitro listens, and starts it once Nitro does. */
export default defineNitroPlugin(nitroApp => {
  const brain = orEnd(() =>
    createBrain(loadSettings(process.env), { passwords: { hash: hashPassword, verify: verifyPassword } }),
  )
  setBrain(brain)

  // nuxt-auth-utils seals with this key. With sockets switched on it also opens a session, and sets a cookie, for
  // every request; ours are opened by signing in alone.
  process.env.NUXT_SESSION_PASSWORD = brain.keys.session
  nitroApp.hooks.hook('request', event => event.node.res.removeHeader('set-cookie'))

  async function openAndStart(address: AddressInfo | null): Promise<void> {
    await brain.start(await brain.doors.open(toNodeListener(nitroApp.h3App), address))
  }

  onListening({
    listening: address => {
      openAndStart(address).catch((error: unknown) =>
        orEnd(() => {
          throw error
        }),
      )
    },
    failed: error =>
      end(
        `The brain cannot listen on ${brain.settings.host}, port ${brain.settings.port}: ${error.message}. Stop what listens there, or set STRATA_PORT to another port.`,
      ),
  })
})

/** What the operator can mend is said in words and without a stack; everything else is a defect. */
function orEnd<Result>(run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    if (
      error instanceof SettingsError ||
      error instanceof DataFolderError ||
      error instanceof MigrationError ||
      error instanceof TlsFault
    )
      return end(error.message)
    if (isAppError(error)) return end(error.detail)
    return end(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
}

function end(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
