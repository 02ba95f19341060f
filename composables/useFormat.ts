import { computed } from 'vue'
import { bytesIn, durationParts, relativeParts } from './format/quantities'

/** Numbers, sizes, times and durations in the language of the reader. */
export function useFormat() {
  const { locale, t } = useI18n()
  /** The region's way of writing dates is the browser's, when it speaks the chosen language. */
  const language = computed(() => navigator.languages.find(tag => tag.split('-')[0] === locale.value) ?? locale.value)
  const number = computed(() => new Intl.NumberFormat(language.value, { maximumFractionDigits: 1 }))
  const whole = computed(() => new Intl.NumberFormat(language.value, { maximumFractionDigits: 0 }))
  const percent = computed(() => new Intl.NumberFormat(language.value, { style: 'percent', maximumFractionDigits: 0 }))
  const exact = computed(() => new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'medium' }))
  const clock = computed(() => new Intl.DateTimeFormat(language.value, { timeStyle: 'medium' }))
  const relative = computed(() => new Intl.RelativeTimeFormat(language.value, { numeric: 'auto' }))

  return {
    number: (value: number) => number.value.format(value),
    count: (value: number) => whole.value.format(value),
    percent: (share: number) => percent.value.format(share),
    /** `1.4 GB`: powers of 1,024. */
    bytes(value: number) {
      const { amount, unit } = bytesIn(value)
      return `${number.value.format(amount)} ${unit}`
    },
    exact: (at: number) => exact.value.format(at),
    clock: (at: number) => clock.value.format(at),
    /** `3 min ago`; within a few seconds `just now`. */
    relative(at: number, now: number) {
      const parts = relativeParts(at - now)
      return parts ? relative.value.format(parts.amount, parts.unit) : t('time.justNow')
    },
    /** `3 d 4 h`, `12 min 5 s`: the two largest units. */
    duration(ms: number) {
      return durationParts(ms).map(part => t(`time.${part.unit}`, { n: whole.value.format(part.amount) })).join(' ')
    },
  }
}
