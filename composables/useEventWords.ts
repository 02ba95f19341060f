import type { InstanceEvent } from '../shared/schemas/event'

/** What the brain writes its sentences in. */
const BRAIN_LANGUAGE = 'en'

/** What happened, as a sentence of the reader's language; where that is not the brain's, its own sentence stands below as a detail. */
export function useEventWords() {
  const { t, te, locale } = useI18n()

  function ownSentence({ kind, to, cause }: Pick<InstanceEvent, 'kind' | 'to' | 'cause'>): string | null {
    const ofCause = `event.cause.${cause}`
    if (te(ofCause)) return t(ofCause)
    const ofState = `state.${to}.sentence`
    return kind === 'transition' && te(ofState) ? t(ofState) : null
  }

  return {
    wordsOf(event: Pick<InstanceEvent, 'kind' | 'to' | 'cause' | 'message'>) {
      const sentence = locale.value === BRAIN_LANGUAGE ? null : ownSentence(event)
      return sentence ? { sentence, detail: event.message } : { sentence: event.message, detail: null }
    },
  }
}
