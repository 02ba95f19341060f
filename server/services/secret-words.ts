import { MASKED } from '../../shared/schemas/instance'
import type { InstanceRecord, SecretBox } from '../ports'
import { openVariables } from './instance-variables'
import type { VariableService } from './variable-service'

/** Shorter values are parts of ordinary words: hiding every "on" would leave a console that nobody can read. */
const LEAST_CHARACTERS = 6

export type SecretWordsOf = Pick<InstanceRecord, 'variables' | 'secretNames' | 'nodeId' | 'placement'>

/**
 * Hides the values of an instance's secret variables, its own and those that reach it, wherever they stand in a text:
 * servers print their settings, and people type passwords into consoles. Values shorter than 6 characters, values in another
 * form (encoded, cut in two) and values that were replaced since are not recognised.
 */
export type HideSecrets = (record: SecretWordsOf) => (text: string) => string

export function createHideSecrets(deps: {
  secrets: Pick<SecretBox, 'open'>
  variables: Pick<VariableService, 'inherited' | 'placeOf'>
}): HideSecrets {
  const { secrets, variables } = deps

  function valuesOf(record: SecretWordsOf): string[] {
    const own = record.secretNames.length > 0 ? openVariables(record, secrets) : {}
    const inherited = [...variables.inherited(variables.placeOf(record)).values()].filter(({ secret }) => secret)
    return [...record.secretNames.flatMap(name => own[name] ?? []), ...inherited.map(({ value }) => value)]
  }

  return record => {
    const words = valuesOf(record)
      .flatMap(value => value.split(/\r?\n/))
      .filter(word => word.trim().length >= LEAST_CHARACTERS)
      // A secret may be part of another one.
      .sort((a, b) => b.length - a.length)
    return text => words.reduce((shown, word) => shown.replaceAll(word, () => MASKED), text)
  }
}
