import { AppError } from '../../shared/errors'
import type { Clock, SecretBox, SecretStore } from '../ports'
import { DataFolderError } from './data-folder'

const KEY_CHECK = 'key-check'

/**
 * A key file that was lost and made anew would leave every stored secret unreadable, found out one by one, much
 * later. So a known value is sealed on the first start and opened on every other. Throws DataFolderError.
 */
export async function checkKeyFits(store: SecretStore, secretBox: SecretBox, clock: Pick<Clock, 'now'>): Promise<void> {
  const sealed = await store.read(KEY_CHECK)
  if (sealed === undefined) {
    await store.write(KEY_CHECK, secretBox.seal(KEY_CHECK), clock.now())
    return
  }
  try {
    secretBox.open(sealed)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw new DataFolderError(
      'The file keys/secret-box in the data folder is not the one that this database was sealed with. Put it back from a backup; without it no stored secret can be read.',
      { cause: error },
    )
  }
}
