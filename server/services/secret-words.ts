import { MASKED } from '../../shared/schemas/instance'
import type { InstanceRecord, SecretBox } from '../ports'
import { openVariables } from './instance-variables'

/** Shorter values are parts of ordinary words: hiding every "on" would leave a console that nobody can read. */
const LEAST_CHARACTERS = 6

/**
 * Hides the values of an instance's secret variables wherever they stand in a text: servers print their settings, and
 * people type passwords into consoles. Values shorter than 6 characters, values in another form (encoded, cut in two) and
 * values that were replaced since are not recognised.
 */
export function hideSecrets(
  record: Pick<InstanceRecord, 'variables' | 'secretNames'>,
  box: Pick<SecretBox, 'open'>,
): (text: string) => string {
  if (record.secretNames.length === 0) return text => text
  const values = openVariables(record, box)
  const words = record.secretNames
    .flatMap(name => values[name]?.split(/\r?\n/) ?? [])
    .filter(word => word.trim().length >= LEAST_CHARACTERS)
    // A secret may be part of another one.
    .sort((a, b) => b.length - a.length)
  return text => words.reduce((shown, word) => shown.replaceAll(word, () => MASKED), text)
}
